"""End the lead's runs of a campaign, or of all with a tag."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.campaigntags import CampaignOrTag, Tagged
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import RemoveRuns
from campaigns.language.parameters import Value


class RemoveFromFlowParams(msgspec.Struct, frozen=True):
    """The campaign, and why."""

    campaign: Annotated[
        str | Tagged,
        CampaignOrTag("The campaign, this for the one that the step is in, or the tag of those that are meant"),
    ]
    reason: Annotated[str | None, Value("Why, as reports call it", "string")] = None


@action(
    "remove_from_flow", label="Remove from the flow", logs="removed_from_flow", params=RemoveFromFlowParams, kind="flow"
)
def remove_from_flow(lead: LeadState, params: RemoveFromFlowParams, context: Context) -> RemoveRuns:
    """The lead's runs of the campaign, or of each that has the tag, end at once, also inside waits."""
    reason = params.reason or "removed"
    if isinstance(params.campaign, Tagged):
        return RemoveRuns(reason, tag=params.campaign.tag)
    return RemoveRuns(reason, campaign=params.campaign)
