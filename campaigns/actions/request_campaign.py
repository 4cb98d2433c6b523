"""Ask another campaign to run for the same lead."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import CampaignRef
from campaigns.language.schema import CAMPAIGN_REQUESTED


class RequestCampaignParams(msgspec.Struct, frozen=True):
    """The campaign."""

    campaign: Annotated[str, CampaignRef("A running campaign with the trigger campaign_requested")]


@action("request_campaign", label="Request a campaign", logs="request_campaign", params=RequestCampaignParams)
def request_campaign(lead: LeadState, params: RequestCampaignParams, context: Context) -> list[Effect] | Skipped:
    """The campaign runs for this lead after the present event, if it is active and can be requested."""
    if params.campaign not in context.requestable:
        return Skipped(f"policy: campaign {params.campaign} is not active or has no trigger campaign_requested")
    return [Emit(CAMPAIGN_REQUESTED, {"campaign": params.campaign})]
