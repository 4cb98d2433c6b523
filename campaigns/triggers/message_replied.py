"""A message is replied to."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "message_replied", label="A message is replied to", keys={"message": "Only this message"}, hears="message.replied"
)
def message_replied(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead replies to the message; to any when none is named."""
    return hear_value(raw, scope, path, "message", "message.replied")
