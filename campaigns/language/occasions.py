"""Days and moments that a date leads to: moved by an offset, at a time of day, in another year."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from campaigns.language.periods import Period, shift, shift_day
from campaigns.language.walltime import instant_at, instant_of

LEAP_DAYS = ("february_28", "march_1")  #: when years without a 29 February have its anniversary
LAST_YEAR = 9998  #: with an offset there is one more


def as_shown(given: date, zone: ZoneInfo) -> date:
    """What clocks and calendars in the zone show of a date, or of an instant."""
    return given.astimezone(zone).replace(tzinfo=None) if isinstance(given, datetime) else given


def day_shown(shown: date) -> date:
    """The calendar day of what is shown."""
    return shown.date() if isinstance(shown, datetime) else shown


def in_year(shown: date, year: int, leap_day: str) -> date:
    """The anniversary in a year."""
    try:
        return shown.replace(year=year)
    except ValueError:  # 29 February
        month, day = (2, 28) if leap_day == LEAP_DAYS[0] else (3, 1)
        return shown.replace(year=year, month=month, day=day)


def moment_of(shown: date, offset: Period | None, at: int | None, zone: ZoneInfo) -> datetime:
    """The instant of a date that clocks show, moved by the offset. Without a time of its own or another, midnight."""
    day = day_shown(shown)
    moved = shift_day(day, offset) if offset is not None and offset.is_of_days else day
    if at is not None or not isinstance(shown, datetime):
        instant = instant_at(moved, at or 0, zone)
    else:
        instant = instant_of(datetime.combine(moved, shown.time()), zone)
    return instant if offset is None or offset.is_of_days else shift(instant, offset, zone)
