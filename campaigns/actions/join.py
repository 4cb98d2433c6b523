"""Wait for campaigns that the run requested."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.flowkinds import Body
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Join
from campaigns.language.parameters import Choice, WholeNumber
from campaigns.language.periods import Period, shift
from campaigns.language.requesting import JoinedCampaigns
from campaigns.language.waitkinds import WaitPeriod


class JoinParams(msgspec.Struct, frozen=True):
    """For what, how many of it, and how long."""

    campaigns: Annotated[tuple[str, ...], JoinedCampaigns("Campaigns that steps of this one request")]
    timeout: Annotated[Period, WaitPeriod("How long it waits at most")]
    mode: Annotated[
        str, Choice("Whether all that were requested must be over, any, or `count` of them", "all", "any", "n")
    ] = "all"
    count: Annotated[int, WholeNumber("How many, where the mode is n", 1, 100)] = 1
    on_timeout: Annotated[int | None, Body("The steps for those for whom it took longer")] = None


@action("join", label="Wait for requested campaigns", logs="joined", params=JoinParams, kind="flow", parks=True)
def join(lead: LeadState, params: JoinParams, context: Context) -> Join:
    """The run rests until the campaigns that it requested are over for the lead, however they ended. One that ended
    before, and one that let the lead not in, is over; one that the run never requested is not waited for."""
    needed = {"all": 0, "any": 1, "n": params.count}[params.mode]
    until = shift(context.now, params.timeout, context.schema.zone)
    return Join(campaigns=params.campaigns, needed=needed, until=until, on_timeout=params.on_timeout)
