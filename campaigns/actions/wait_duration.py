"""Wait for some time."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Parked
from campaigns.language.parameters import PeriodValue
from campaigns.language.periods import Period, shift


class WaitDurationParams(msgspec.Struct, frozen=True):
    """How long."""

    wait: Annotated[Period, PeriodValue("How long; months and years keep the time of day in the tenant's time zone")]


@action("wait_duration", label="Wait", logs="wait_ended", params=WaitDurationParams, parks=True)
def wait_duration(lead: LeadState, params: WaitDurationParams, context: Context) -> Parked | Done:
    """The run rests for so long, then goes on."""
    run = context.run
    until = shift(context.now, params.wait, context.schema.zone) if run.until is None else run.until
    return Done() if context.now >= until else Parked(until=until)
