"""In a time frame: today, this week, last quarter and the like, by the calendar of a zone. Weeks begin on the tenant's
day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from campaigns.filters.dates import DATES, Span
from campaigns.language.context import Context
from campaigns.language.operator import Family, Moment, Nulls, Operand, Options, operator
from campaigns.language.periods import Period, shift_day, start_of_day, start_of_week
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, joined, sql
from campaigns.language.tokens import Target
from campaigns.language.values import day_of, show

Wanted = tuple[Any, ...]


def _month(day: date, months: int) -> date:
    return day.replace(day=1, month=(day.month - 1) // months * months + 1)


#: Where the unit that a day is in begins, given the day that weeks begin on, and how long it is.
UNITS: dict[str, tuple[Callable[[date, int], date], Period]] = {
    "week": (start_of_week, Period(1, "weeks")),
    "month": (lambda day, _: _month(day, 1), Period(1, "months")),
    "quarter": (lambda day, _: _month(day, 3), Period(3, "months")),
    "year": (lambda day, _: _month(day, 12), Period(1, "years")),
}
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
PLACES = {"last": -1, "this": 0, "next": 1}
FRAMES = (*DAYS, *(f"{place}_{unit}" for unit in UNITS for place in PLACES))


class Frame(msgspec.Struct, frozen=True):
    """A time frame as one day or another sees it."""

    name: str
    options: Options
    instants: bool  #: of a field that holds instants

    def span(self, now: datetime) -> Span:
        """From its first day or instant to the one after its last."""
        zone = self.options.zone
        first, beyond = days_of(self.name, day_of(now, zone), self.options.week_start)
        return (start_of_day(first, zone), start_of_day(beyond, zone)) if self.instants else (first, beyond)


def days_of(name: str, today: date, week_start: int) -> tuple[date, date]:
    """The first day of a time frame, and the first after it."""
    if name in DAYS:
        first = today + timedelta(days=DAYS[name])
        return first, first + timedelta(days=1)
    place, _, unit = name.partition("_")
    begin, length = UNITS[unit]
    first = shift_day(begin(today, week_start), Period(length.amount * PLACES[place], length.unit))
    return first, shift_day(first, length)


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    if raw not in FRAMES:
        scope.fault(path, f"expected one of {', '.join(FRAMES)}; got {show(raw)}")
        return None
    return raw  # type: ignore[no-any-return]


def _family(instants: bool) -> Family:
    return Family(
        literal=_literal,
        operand=lambda options: lambda name: Frame(name, options, instants),
        switches=frozenset({"zone"}),
    )


def _in_frames(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    spans = [frame.span(moment.now) for frame in wanted]
    return joined("OR", [sql("({} >= {} AND {} < {})", value, first, value, beyond) for first, beyond in spans])


def _in_time_frame(value: Any, wanted: Wanted, context: Context) -> bool:
    """Within one of the time frames, from their first day to their last."""
    for frame in wanted:
        first, beyond = frame.span(context.now)
        if first <= value < beyond:
            return True
    return False


for _kind in DATES:
    operator(
        "in_time_frame", _kind, operand=Operand.SOME, nulls=Nulls.ORDERING, family=_family(_kind == "datetime"),
        sql=_in_frames,
    )(_in_time_frame)  # fmt: skip
