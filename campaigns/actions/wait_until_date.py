"""Wait until a date."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Outcome
from campaigns.language.parameters import Choice
from campaigns.language.waiting import POLICIES, go_on, rest_until
from campaigns.language.waitkinds import LocalMoment, ZoneValue
from campaigns.language.walltime import instant_of


class WaitUntilDateParams(msgspec.Struct, frozen=True):
    """Until when, and what if that is past."""

    datetime: Annotated[datetime, LocalMoment("Until when")]
    if_past: Annotated[
        str,
        Choice("When it is past already: go on at once, go on without the next step, or end the run", *POLICIES),
    ]
    zone: Annotated[
        ZoneInfo | None, ZoneValue("Whose clocks show that time, if it has no offset; the tenant's unless given")
    ] = None


@action(
    "wait_until_date", label="Wait until a date", logs="wait_ended", params=WaitUntilDateParams, kind="flow", parks=True
)
def wait_until_date(lead: LeadState, params: WaitUntilDateParams, context: Context) -> Outcome:
    """The run rests until the date; a run that comes too late does what is said for that."""
    if context.run.until is not None:
        return rest_until(context.run.until, context)
    moment = params.datetime
    if moment.tzinfo is None:
        moment = instant_of(moment, params.zone or context.schema.zone)
    if moment < context.now:
        return go_on(params.if_past, f"{moment.isoformat()} is past", context)
    return rest_until(moment, context)
