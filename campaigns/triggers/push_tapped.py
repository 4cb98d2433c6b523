"""A push notification is tapped."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "push_tapped", label="A push notification is tapped", keys={"push": "Only this notification"}, hears="push.tapped"
)
def push_tapped(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead taps the notification; any when none is named."""
    return hear_value(raw, scope, path, "push", "push.tapped")
