"""Wait for some time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Parked
from campaigns.language.periods import Period, shift
from campaigns.language.waiting import rest_until
from campaigns.language.waitkinds import ClockTime, WaitPeriod, Weekdays, ZoneValue
from campaigns.language.walltime import EVERY_DAY, next_time


class WaitDurationParams(msgspec.Struct, frozen=True):
    """How long, and until which day and time then."""

    wait: Annotated[Period, WaitPeriod("How long; months and years keep the time of day in the zone", least=0)]
    end_days: Annotated[
        frozenset[int] | None, Weekdays("After that, until the first of these days; on one already, no longer")
    ] = None
    end_time: Annotated[int | None, ClockTime("After that, until clocks show this time")] = None
    zone: Annotated[ZoneInfo | None, ZoneValue("Whose clocks and days these are; the tenant's unless given")] = None


@action("wait_duration", label="Wait", logs="wait_ended", params=WaitDurationParams, kind="flow", parks=True)
def wait_duration(lead: LeadState, params: WaitDurationParams, context: Context) -> Parked | Done:
    """The run rests for so long, and then until the day and time, if given."""
    return rest_until(context.run.until or _end(params, context), context)


def _end(params: WaitDurationParams, context: Context) -> datetime:
    zone = params.zone or context.schema.zone
    end = shift(context.now, params.wait, zone)
    if params.end_days is None and params.end_time is None:
        return end
    return next_time(end, params.end_days or EVERY_DAY, params.end_time, zone)
