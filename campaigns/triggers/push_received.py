"""A push notification has arrived."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "push_received",
    label="A push notification is received",
    keys={"push": "Only this notification"},
    hears="push.received",
)
def push_received(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The notification arrives on a device; any when none is named."""
    return hear_value(raw, scope, path, "push", "push.received")
