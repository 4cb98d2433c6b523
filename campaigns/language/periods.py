"""Spans of time such as 3 days: fixed up to weeks, by the calendar from months on."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.scope import Scope
from campaigns.language.values import show

_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
_MONTHS = {"months": 1, "years": 12}
UNITS = (*_SECONDS, *_MONTHS)
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
    days = abs(amount) * (_SECONDS.get(unit, 0) / 86_400 or _MONTHS.get(unit, 0) * 30.5)
    if days > DAYS_LIMIT:
        scope.fault(f"{path}.amount", "is more than a thousand years")
        return None
    return Period(amount, unit)


def shift(instant: datetime, period: Period, zone: ZoneInfo) -> datetime:
    """The instant moved by a period. Months and years keep the time of day in the zone."""
    seconds = _SECONDS.get(period.unit)
    if seconds:
        return instant + timedelta(seconds=seconds * period.amount)
    local = instant.astimezone(zone)
    moved = _shift_months(local.date(), period)
    return datetime.combine(moved, local.timetz()).astimezone(UTC)


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


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a calendar day begins in a zone."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    try:
        return local.astimezone(UTC)
    except OverflowError:  # the first day of year 1 or the last of 9999, beyond UTC
        return local.replace(tzinfo=UTC)
