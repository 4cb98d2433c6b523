"""A nurture is paused for the lead, or goes on."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger(
    "nurture_cadence_changed",
    label="A nurture's cadence changes",
    keys={"nurture": "Only this nurture"},
    hears="nurture.cadence_changed",
)
def nurture_cadence_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The nurture is paused for the lead, or goes on (`cadence` says which); any when none is named."""
    return hear_defined(raw, scope, path, "nurture", "nurture.cadence_changed")
