"""The lead begins a run of another campaign."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show

KEYS = {"campaign": "Only this campaign"}


@trigger("campaign_entered", label="A campaign is entered", keys=KEYS, hears="campaign.entered")
def campaign_entered(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead qualifies for the campaign and a run begins; any other campaign when none is named."""
    return hear_campaign(raw, scope, path, "campaign.entered")


def hear_campaign(raw: dict[str, Any], scope: Scope, path: str, event: str) -> Subscription | None:
    """A subscription to what happens to another campaign: one that heard itself would never come to an end."""
    key, known, own = raw.get("campaign"), scope.schema.campaigns, scope.key
    if key is None:
        return Subscription(SYSTEM_EVENTS[event], test=_is_other(own))
    if not isinstance(key, str) or key not in known:
        scope.fault(f"{path}.campaign", f"unknown campaign {show(key)}{scope.hint(key, known)}")
        return None
    if key == own:
        scope.fault(f"{path}.campaign", "is this campaign itself, which would start for ever")
    return Subscription(SYSTEM_EVENTS[event], key)


def _is_other(own: str) -> Any:
    def is_other(lead: LeadState, context: Context) -> bool:
        return context.event.get("campaign") != own

    return is_other
