"""The lead unsubscribes by a message."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "message_unsubscribed",
    label="A message leads to unsubscribing",
    keys={"message": "Only this message"},
    hears="message.unsubscribed",
)
def message_unsubscribed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead unsubscribes by the message; by any when none is named. What follows from it, say in steps."""
    return hear_value(raw, scope, path, "message", "message.unsubscribed")
