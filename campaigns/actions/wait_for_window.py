"""Wait for certain hours of certain days."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Outcome
from campaigns.language.parameters import Choice
from campaigns.language.references import DefinedRef
from campaigns.language.waiting import POLICIES, go_on, rest_until
from campaigns.language.waitkinds import ClockTime, Weekdays, ZoneValue
from campaigns.language.walltime import EVERY_DAY, Window


class WaitForWindowParams(msgspec.Struct, frozen=True):
    """The hours, the days, and whose they are."""

    opens: Annotated[int, ClockTime("When it opens")] = msgspec.field(name="from")
    to: Annotated[int, ClockTime("When it closes; up to the time it opens is on the next day", unlike="from")]
    days: Annotated[frozenset[int] | None, Weekdays("On which days it opens; every day unless given")] = None
    calendar: Annotated[Defined | None, DefinedRef("On whose holidays it does not open", "calendar")] = None
    zone: Annotated[ZoneInfo | None, ZoneValue("Whose clocks and days these are; the tenant's unless given")] = None
    if_never: Annotated[
        str,
        Choice(
            "When it does not open within a year: go on at once, go on without the next step, or end the run",
            *POLICIES,
        ),
    ] = "exit"


@action(
    "wait_for_window",
    label="Wait for a window",
    logs="wait_ended",
    params=WaitForWindowParams,
    kind="flow",
    parks=True,
    example={"days": ["monday", "tuesday", "thursday"]},
)
def wait_for_window(lead: LeadState, params: WaitForWindowParams, context: Context) -> Outcome:
    """The run rests until the window is open, or goes on at once when it is. Looked at again when the time has come:
    a run that is late waits for the next."""
    holidays = frozenset(params.calendar.spec.holidays) if params.calendar else frozenset()
    window = Window(params.days or EVERY_DAY, params.opens, params.to, holidays)
    moment = window.next_open(context.now, params.zone or context.schema.zone)
    if moment is None:
        return go_on(params.if_never, "the window does not open within a year", context)
    return rest_until(moment, context)
