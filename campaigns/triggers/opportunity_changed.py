"""The lead's part in an opportunity begins, changes or ends."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show

CHANGES = ("add", "update", "remove")


@trigger(
    "opportunity_changed",
    label="An opportunity changes",
    keys={"change": "add, update or remove: only this change"},
    hears="opportunity.changed",
)
def opportunity_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead is added to an opportunity, or its part is updated or removed; any of these when none is named."""
    change = raw.get("change")
    if change is not None and change not in CHANGES:
        scope.fault(f"{path}.change", f"expected one of {', '.join(CHANGES)}, got {show(change)}")
        return None
    return Subscription(SYSTEM_EVENTS["opportunity.changed"], change)
