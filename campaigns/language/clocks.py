"""What clocks and calendars show in a zone, for memory and for the database: campaigns_local() of filters.sql gets
the offsets from here, so that the two never ask two time zone databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: Before and after these, clocks are taken to show UTC.
BEGIN, END = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

_DAY = timedelta(days=1)


def local_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """The day and the time of day at an instant."""
    if BEGIN <= instant < END:
        instant = instant.astimezone(zone)
    return instant.replace(tzinfo=None)


@lru_cache(maxsize=2_048, typed=True)
def zone_named(name: str | None) -> ZoneInfo | None:
    """The time zone of a name; None where there is none such."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=64)
def offsets_of(zone: ZoneInfo) -> tuple[list[datetime], list[int]]:
    """The instants at which the offset of a zone changes, and the offsets in seconds: of the time before them all,
    then after each."""
    begins, offsets = [BEGIN], [0, _offset(BEGIN, zone)]
    day = BEGIN
    while day < END:
        after = day + _DAY
        if _offset(after, zone) != offsets[-1]:
            begins.append(_change(day, after, zone))
            offsets.append(_offset(after, zone))
        day = after
    return [*begins, END], [*offsets, 0]


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the offset of one instant becomes that of another."""
    old = _offset(before, zone)
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(before + timedelta(seconds=middle), zone) == old else (low, middle)
    return before + timedelta(seconds=high)
