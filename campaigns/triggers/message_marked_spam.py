"""A message is marked as spam."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "message_marked_spam",
    label="A message is marked as spam",
    keys={"message": "Only this message"},
    hears="message.marked_spam",
)
def message_marked_spam(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead calls the message spam; any when none is named."""
    return hear_value(raw, scope, path, "message", "message.marked_spam")
