"""The lead is converted."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger(
    "lead_converted",
    label="The lead is converted",
    keys={"lifecycle": "Only to this"},
    hears="lead.converted",
)
def lead_converted(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The action convert_lead makes it what `lifecycle` says, or anything when that is not given."""
    lifecycle = raw.get("lifecycle")
    if lifecycle is not None and not isinstance(lifecycle, str):
        scope.fault(f"{path}.lifecycle", f"expected what a lead is converted to, got {show(lifecycle)}")
        return None
    return Subscription(SYSTEM_EVENTS["lead.converted"], lifecycle)
