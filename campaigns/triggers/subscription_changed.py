"""The lead subscribes to a topic or a channel, or unsubscribes."""

from __future__ import annotations

from typing import Any

from campaigns.definitions.topic import CHANNELS
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger(
    "subscription_changed",
    label="A subscription changes",
    keys={"channel": "Only this channel"},
    hears="subscription.changed",
)
def subscription_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A topic, or the whole channel (`topic` is empty then), is subscribed to or not; any channel if none is named."""
    channel = raw.get("channel")
    if channel is not None and channel not in CHANNELS:
        scope.fault(f"{path}.channel", f"unknown channel {show(channel)}{scope.hint(channel, CHANNELS)}")
        return None
    return Subscription(SYSTEM_EVENTS["subscription.changed"], channel)
