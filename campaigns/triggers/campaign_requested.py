"""This campaign is asked for, by another campaign or from outside."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import CAMPAIGN_REQUESTED, SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger


@trigger("campaign_requested", label="The campaign is requested", hears="campaign.requested")
def campaign_requested(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The action request_campaign or an event campaign.requested names this campaign."""
    return Subscription(SYSTEM_EVENTS[CAMPAIGN_REQUESTED], scope.key)
