"""Parked runs of leads that are merged away, where the merge says that they go on as the winner's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from campaigns.language import parking
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.merging import MERGE, MOVE
from campaigns.language.qualification import refusal, runs_inside
from campaigns.language.rulebook import Campaign
from campaigns.language.run import ParkedRun
from engine.types import Event

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain

RUN_MOVED = "run_moved"


class Inherited(msgspec.Struct, frozen=True):
    """A loser's run."""

    loser: str  #: whose it was
    run: ParkedRun
    campaign: Campaign
    refused: str | None  #: why it cannot be the winner's


def take(chain: Chain, event: Event, context: Context) -> list[Inherited]:
    """The losers' runs, those first that were entered first; judged by what the winner has before the merge."""
    if event.type != MERGE or event.data.get("runs") != MOVE:
        return []
    found = [(run.entered_at, run.id, run, other.key) for other in chain.lead.beside for run in other.runs.values()]
    held, inherited = list(chain.lead.runs.values()), []
    for _, _, run, loser in sorted(found, key=lambda one: one[:2]):
        campaign = chain.rulebook.find(run.campaign_id, run.version)
        if campaign is None or (campaign.emptied_at is not None and run.entered_at < campaign.emptied_at):
            continue  # it is over
        refused = _refusal(campaign, run, held, chain.lead, context)
        inherited.append(Inherited(loser, run, campaign, refused))
        if refused is None:
            held.append(run)
    return inherited


def _refusal(
    campaign: Campaign, run: ParkedRun, held: Iterable[ParkedRun], winner: LeadState, context: Context
) -> str | None:
    rule = campaign.qualification
    if rule.inside != "parallel" and runs_inside(held, run.campaign_id, run.key):
        return "the lead that stays is inside already"
    refused = refusal(rule, campaign.key, run.key, winner, context)
    return refused and f"the lead that stays {refused}"


def settle(chain: Chain, inherited: Iterable[Inherited], context: Context) -> None:
    """Give the runs to the winner, then end those that it may not have: who waited for one of them goes on."""
    lead, given = chain.lead, list(inherited)
    for one in given:
        lead.runs[one.run.id] = one.run
        lead.changed_runs |= {one.run.id}
        if one.refused is None:
            said = {"outcome": "done", "run": one.run.id, "lead": one.loser}
            chain.log(RUN_MOVED, said, one.campaign, one.run.step)
    chain.context = context
    for one in given:
        if one.refused is not None:
            parking.end(chain, lead.runs[one.run.id], one.campaign, one.refused)
