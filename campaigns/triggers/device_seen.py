"""A visit with a device."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "device_seen",
    label="A visit with a device",
    keys={"device": "Only this type of device, such as phone"},
    hears="web.device_seen",
)
def device_seen(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead visits with a device of that type; of any when none is named."""
    return hear_value(raw, scope, path, "device", "web.device_seen")
