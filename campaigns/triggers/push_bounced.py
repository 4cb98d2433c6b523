"""A push notification bounces."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "push_bounced", label="A push notification bounces", keys={"push": "Only this notification"}, hears="push.bounced"
)
def push_bounced(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The notification cannot be brought to a device; any when none is named."""
    return hear_value(raw, scope, path, "push", "push.bounced")
