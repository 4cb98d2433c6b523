"""The form of an advertisement on another site is filled out."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "lead_ad_filled",
    label="The form of an advertisement is filled out",
    keys={"form": "Only this form"},
    hears="web.lead_ad_filled",
)
def lead_ad_filled(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead fills out the form of an advertisement where that is shown; any when none is named."""
    return hear_value(raw, scope, path, "form", "web.lead_ad_filled")
