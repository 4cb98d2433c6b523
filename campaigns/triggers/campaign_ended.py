"""A run of the lead's in another campaign is over."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.triggers.campaign_entered import KEYS, hear_campaign


@trigger("campaign_ended", label="A campaign is ended", keys=KEYS, hears="campaign.ended")
def campaign_ended(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A run in the campaign is over, by its last step, an exit, a goal or by being taken out (`label` says how); in
    any other campaign when none is named."""
    return hear_campaign(raw, scope, path, "campaign.ended")
