"""The lead is converted."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "lead_converted",
    label="The lead is converted",
    keys={"lifecycle": "Only to this"},
    hears="lead.converted",
)
def lead_converted(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The action convert_lead makes it what `lifecycle` says, or anything when that is not given."""
    return hear_value(raw, scope, path, "lifecycle", "lead.converted")
