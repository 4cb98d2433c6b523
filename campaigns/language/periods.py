"""Spans of time such as 3 days: fixed up to weeks, by the calendar from months on."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.scope import Scope
from campaigns.language.values import show
from campaigns.language.walltime import instant_of

_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
_MONTHS = {"months": 1, "years": 12}
UNITS = (*_SECONDS, *_MONTHS)
BUSINESS_DAYS = "business_days"  #: Monday to Friday; of an amount alone, no unit of a period
#: How long each unit is, nearly.
_DAYS = {unit: seconds / 86_400 for unit, seconds in _SECONDS.items()} | {
    "months": 30.5,
    "years": 366,
    BUSINESS_DAYS: 1.4,
}
DAYS_LIMIT = 366_000


class Period(msgspec.Struct, frozen=True):
    """An amount of one unit; a negative amount goes back."""

    amount: int
    unit: str

    @property
    def is_of_days(self) -> bool:
        """Whether a calendar day moved by it is a calendar day."""
        return self.unit not in ("minutes", "hours")

    def __neg__(self) -> Period:
        return Period(-self.amount, self.unit)


def read_period(raw: Any, scope: Scope, path: str) -> Period | None:
    """A period from a document, such as {"amount": 3, "unit": "days"}; None with a fault."""
    if not isinstance(raw, dict) or set(raw) != {"amount", "unit"}:
        scope.fault(path, 'expected a period like {"amount": 3, "unit": "days"}')
        return None
    amount, unit = raw["amount"], raw["unit"]
    if not isinstance(unit, str) or unit not in UNITS:
        scope.fault(f"{path}.unit", f"expected one of {', '.join(UNITS)}, got {show(unit)}")
        return None
    if type(amount) is not int:
        scope.fault(f"{path}.amount", f"expected a whole number, got {show(amount)}")
        return None
    if is_too_long(amount, unit):
        scope.fault(f"{path}.amount", "is more than a thousand years")
        return None
    return Period(amount, unit)


def is_too_long(amount: int, unit: str) -> bool:
    """Whether an amount of a unit is more than a thousand years."""
    return abs(amount) > DAYS_LIMIT / _DAYS[unit]


def shift(instant: datetime, period: Period, zone: ZoneInfo) -> datetime:
    """The instant moved by a period. Months and years keep the time of day in the zone."""
    seconds = _SECONDS.get(period.unit)
    if seconds:
        return instant + timedelta(seconds=seconds * period.amount)
    return at_same_time(instant, lambda day: _shift_months(day, period), zone)


def at_same_time(instant: datetime, move: Callable[[date], date], zone: ZoneInfo) -> datetime:
    """The instant with its day moved and the time of day kept, in a zone."""
    local = instant.astimezone(zone)
    return instant_of(datetime.combine(move(local.date()), local.time()), zone)


def shift_day(day: date, period: Period) -> date:
    """The calendar day moved by a period of days or more."""
    seconds = _SECONDS.get(period.unit)
    if seconds:
        return day + timedelta(seconds=seconds * period.amount)
    return _shift_months(day, period)


def _shift_months(day: date, period: Period) -> date:
    """The same day of another month, or its last day where it has none such."""
    months = day.year * 12 + day.month - 1 + period.amount * _MONTHS[period.unit]
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def shift_business_days(day: date, amount: int) -> date:
    """The day moved by so many days from Monday to Friday; from a weekend the first is its nearest in that
    direction."""
    if amount == 0:
        return day
    sign = 1 if amount > 0 else -1
    # Counted from the end of the week the move comes from: 0 is Monday forwards and Friday backwards.
    place = day.weekday() if amount > 0 else (4 - day.weekday()) % 7
    if place > 4:
        day -= timedelta(days=sign * (place - 4))
        place = 4
    weeks, rest = divmod(abs(amount), 5)
    weekend = 2 if place + rest > 4 else 0
    return day + timedelta(days=sign * (weeks * 7 + rest + weekend))


def start_of_week(day: date, first: int) -> date:
    """The day on which the calendar's week of a day began; weeks begin on the weekday `first`, 0 for Monday."""
    return day - timedelta(days=(day.weekday() - first) % 7)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a calendar day begins in a zone."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    try:
        return local.astimezone(UTC)
    except OverflowError:  # the first day of year 1 or the last of 9999, beyond UTC
        return local.replace(tzinfo=UTC)
