"""The lead joins a company or leaves one, or its campaign changes what is kept of one."""

from __future__ import annotations

from typing import Any

from campaigns.language.companies import CHANGES
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger(
    "companies_changed",
    label="The lead's companies change",
    keys={"change": "joined, left, fields or score: only this change"},
    hears="company.changed",
)
def companies_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead joins or leaves a company, or its campaign updates a company's fields or score; any of these when
    none is named."""
    change = raw.get("change")
    if change is not None and change not in CHANGES:
        scope.fault(f"{path}.change", f"expected one of {', '.join(CHANGES)}, got {show(change)}")
        return None
    return Subscription(SYSTEM_EVENTS["company.changed"], change)
