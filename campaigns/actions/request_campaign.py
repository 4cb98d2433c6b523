"""Ask another campaign to run for the same lead."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit
from campaigns.language.executing import Tokens
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import CampaignRef, Value
from campaigns.language.requesting import note_request
from campaigns.language.schema import CAMPAIGN_REQUESTED


class RequestCampaignParams(msgspec.Struct, frozen=True):
    """The campaign, and what it is told."""

    campaign: Annotated[str, CampaignRef("A running campaign with the trigger campaign_requested")]
    tokens: Annotated[tuple[tuple[str, Any], ...], Tokens("What it is told, read as {{ event.name }}")] = ()
    run_key: Annotated[
        str | None,
        Value("The key of its run where its qualification has none: runs of two keys stand side by side", "string"),
    ] = None


@action(
    "request_campaign", label="Request a campaign", logs="request_campaign", params=RequestCampaignParams, kind="flow"
)
def request_campaign(lead: LeadState, params: RequestCampaignParams, context: Context) -> list[Effect] | Skipped:
    """The campaign runs for this lead after the present event, if it is active and can be requested."""
    if params.campaign not in context.requestable:
        return Skipped(f"policy: campaign {params.campaign} is not active or has no trigger campaign_requested")
    told = {**dict(params.tokens), "campaign": params.campaign, **note_request(context.run, params.campaign)}
    return [Emit(CAMPAIGN_REQUESTED, told | ({"run_key": params.run_key} if params.run_key else {}))]
