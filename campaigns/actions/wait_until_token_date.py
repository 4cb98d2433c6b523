"""Wait until a date that the lead or the event has."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.occasions import LAST_YEAR, LEAP_DAYS, as_shown, in_year, moment_of
from campaigns.language.outcome import Outcome
from campaigns.language.parameters import Choice, Literal
from campaigns.language.periods import Period
from campaigns.language.waiting import POLICIES, go_on, rest_until
from campaigns.language.waitkinds import ClockTime, DateToken, Offset, Watching, ZoneValue


class WaitUntilTokenDateParams(msgspec.Struct, frozen=True):
    """Which date, and what if there is none or it is past."""

    token: Annotated[date | None, DateToken("Until when")]
    if_missing: Annotated[
        str, Choice("Without a date: go on at once, go on without the next step, or end the run", *POLICIES)
    ]
    if_past: Annotated[
        str, Choice("When it is past already: go on at once, go on without the next step, or end the run", *POLICIES)
    ]
    offset: Annotated[Period | None, Offset("So long after the date, or before it; days keep the time of day")] = None
    at: Annotated[
        int | None, ClockTime("The time of that day; unless given the date's own, and of one without, midnight")
    ] = None
    anniversary: Annotated[bool, Literal("Whether the day and month count alone: until the next time", "boolean")] = (
        False
    )
    leap_day: Annotated[
        str,
        Choice("When years without a 29 February have its anniversary", *LEAP_DAYS),
    ] = "february_28"
    zone: Annotated[ZoneInfo | None, ZoneValue("Whose clocks and days these are; the tenant's unless given")] = None
    recheck_on_change: Annotated[
        bool, Watching("Whether the wait is planned anew when the date changes, or the zone")
    ] = False


@action(
    "wait_until_token_date",
    label="Wait until a date of the lead",
    logs="wait_ended",
    params=WaitUntilTokenDateParams,
    kind="flow",
    parks=True,
)
def wait_until_token_date(lead: LeadState, params: WaitUntilTokenDateParams, context: Context) -> Outcome:
    """The run rests until the date, so long before or after it, or its next anniversary."""
    until = context.run.until
    if until is not None and not params.recheck_on_change:
        return rest_until(until, context)
    since = context.now if until is None else min(context.now, until)  # a wait that is over is no date past
    moment = _moment(params, since, context.schema.zone)
    if moment is None:
        return go_on(params.if_missing, "missing: there is no date", context)
    if moment < since:
        return go_on(params.if_past, f"{moment.isoformat()} is past", context)
    return rest_until(moment, context)


def _moment(params: WaitUntilTokenDateParams, since: datetime, usual: ZoneInfo) -> datetime | None:
    """When the wait ends; None where there is no date, or none that calendars have."""
    given, zone = params.token, params.zone or usual
    if given is None:
        return None
    try:
        shown = as_shown(given, zone)
        if params.anniversary:
            return _next_anniversary(shown, params, since, zone)
        return moment_of(shown, params.offset, params.at, zone)
    except (OverflowError, ValueError):  # beyond the years 1 and 9999
        return None


def _next_anniversary(
    shown: date, params: WaitUntilTokenDateParams, since: datetime, zone: ZoneInfo
) -> datetime | None:
    """The first anniversary, the date itself counted, that is not past."""
    first = max(shown.year, since.year - 2)
    for year in range(first, min(first + 5, LAST_YEAR)):
        moment = moment_of(in_year(shown, year, params.leap_day), params.offset, params.at, zone)
        if moment >= since:
            return moment
    return None
