"""End the lead's runs of a campaign."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.executing import ThisOrRunning
from campaigns.language.lead import LeadState
from campaigns.language.outcome import RemoveRuns
from campaigns.language.parameters import Value


class RemoveFromFlowParams(msgspec.Struct, frozen=True):
    """The campaign, and why."""

    campaign: Annotated[str, ThisOrRunning("The campaign, or this for the one that the step is in")]
    reason: Annotated[str | None, Value("Why, as reports call it", "string")] = None


@action(
    "remove_from_flow", label="Remove from the flow", logs="removed_from_flow", params=RemoveFromFlowParams, kind="flow"
)
def remove_from_flow(lead: LeadState, params: RemoveFromFlowParams, context: Context) -> RemoveRuns:
    """The lead's runs of the campaign end at once, also inside waits."""
    return RemoveRuns(params.reason or "removed", campaign=params.campaign)
