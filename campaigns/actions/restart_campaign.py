"""Begin a campaign anew for the lead."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import PutRecord
from campaigns.language.executing import ThisOrRequested
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Restart, Skipped
from campaigns.language.parameters import PeriodValue, WholeNumber
from campaigns.language.periods import Period, shift

RESTART = "restart"  #: the kind of record that counts restarts


class RestartCampaignParams(msgspec.Struct, frozen=True):
    """The campaign, and how often."""

    campaign: Annotated[str, ThisOrRequested("The campaign, or this for the one that the step is in")]
    max_restarts: Annotated[int, WholeNumber("How often a lead may be restarted in it, for ever", 1, 100)]
    min_interval: Annotated[Period | None, PeriodValue("How long after a restart there is none; null for no bound")] = (
        None
    )


@action(
    "restart_campaign",
    label="Restart a campaign",
    logs="restarted",
    params=RestartCampaignParams,
    kind="flow",
    records=[RESTART],
    writes=[],
)
def restart_campaign(lead: LeadState, params: RestartCampaignParams, context: Context) -> Restart | Skipped:
    """The lead's run of the campaign ends and another begins, whatever its qualification says."""
    key = params.campaign or context.run.campaign.key
    kept = lead.records.get((RESTART, key), {"count": 0})
    if kept["count"] >= params.max_restarts:
        return Skipped(f"policy: restarted {kept['count']} times already")
    if params.min_interval is not None and "at" in kept:
        until = shift(datetime.fromisoformat(kept["at"]), params.min_interval, context.schema.zone)
        if context.now < until:
            return Skipped(f"policy: restarted already, and not again before {until.isoformat()}")
    count = kept["count"] + 1
    record = PutRecord(RESTART, key, {"count": count, "at": context.now.isoformat()}, quiet=True)
    return Restart(campaign=params.campaign, kept=record, said={"campaign": key, "restart": count})
