"""A message has arrived."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "message_delivered",
    label="A message is delivered",
    keys={"message": "Only this message"},
    hears="message.delivered",
)
def message_delivered(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The provider says that the message arrived; any when none is named."""
    return hear_value(raw, scope, path, "message", "message.delivered")
