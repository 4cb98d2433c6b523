"""Clocks on the wall: the instant at which they show a time somewhere, on which days, and when a window is open.

Where clocks are put forward over a time, it is taken for the moment at which they are. What they show twice when
they are put back is meant the first time, unless it was read off the clock the second time (its fold).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = frozenset(range(7))
MIDNIGHT = 24 * 60  #: of the end of a day, in minutes

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)

#: A window that opens on none of so many days never does.
DAYS_SEARCHED = 366

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def clock_minutes(raw: Any) -> int | None:
    """Minutes after midnight of a time such as 09:30, and of 24:00; None of anything else."""
    if raw == "24:00":
        return MIDNIGHT
    match = _CLOCK.fullmatch(raw) if isinstance(raw, str) else None
    return int(match[1]) * 60 + int(match[2]) if match else None


def instant_at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant at which clocks show so many minutes after midnight on a day; 24:00 is the next day's midnight."""
    if minutes == MIDNIGHT:
        day, minutes = day + _DAY, 0
    return instant_of(datetime.combine(day, time(*divmod(minutes, 60))), zone)


def instant_of(shown: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which clocks in the zone show a date and time that has no zone itself."""
    local = shown.replace(tzinfo=zone)
    try:
        instant = local.astimezone(UTC)
        is_shown = instant.astimezone(zone).replace(tzinfo=None) == shown
        return instant if is_shown else _put_forward(local.replace(fold=0))
    except OverflowError:  # within a day of the years 1 and 9999
        return shown.replace(tzinfo=UTC)


def _put_forward(local: datetime) -> datetime:
    """The instant at which clocks are put forward over a time that they never show."""
    zone, last = local.tzinfo, local.astimezone(UTC)
    first, after = local.replace(fold=1).astimezone(UTC), last.astimezone(zone).utcoffset()
    while last - first > _SECOND:
        middle = first + (last - first) // 2
        if middle.astimezone(zone).utcoffset() == after:
            last = middle
        else:
            first = middle
    return last.replace(microsecond=0)


def next_time(instant: datetime, days: frozenset[int], minutes: int | None, zone: ZoneInfo) -> datetime:
    """The first moment, from an instant on, that is on one of the days and at that time; without one at any."""
    today = instant.astimezone(zone).date()
    for day in _days_from(today, 8):
        if day.weekday() in days:
            moment = instant_at(day, minutes or 0, zone)
            if minutes is None and day == today:
                return instant
            if moment >= instant:
                return moment
    return instant


def _days_from(day: date, count: int) -> Iterator[date]:
    return (day + timedelta(days=more) for more in range(count))


class Window(msgspec.Struct, frozen=True):
    """Hours of some days of the week. Hours over midnight belong to the day on which they begin."""

    days: frozenset[int]
    opens: int  #: minutes after midnight
    closes: int
    holidays: frozenset[date] = frozenset()  #: days on which it does not open

    def next_open(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The first moment from now on at which it is open; None where it never is."""
        yesterday = now.astimezone(zone).date() - _DAY
        for day in _days_from(yesterday, DAYS_SEARCHED):
            if day.weekday() in self.days and day not in self.holidays:
                first, last = self._on(day, zone)
                if last > max(first, now):
                    return max(first, now)
        return None

    def _on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        last_day = day if self.closes > self.opens else day + _DAY
        return instant_at(day, self.opens, zone), instant_at(last_day, self.closes, zone)
