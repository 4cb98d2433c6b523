"""The events of one lane of a bundle, in the order of acceptance wherever they waited."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from engine.lanes import FetchedLane
from engine.spill import SpilledEvent
from engine.types import Event, Unreadable, decode

FIRST_MOMENT, LAST_MOMENT = (moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))


class Row(NamedTuple):
    """An event with its bytes, and its number when it is in the buffer."""

    event: Event | Unreadable
    raw: bytes
    number: int | None


@dataclass
class LaneWork:
    """What is left to do in one lane of the bundle."""

    tenant: str
    lane: int
    tries: int
    events: Sequence[Event | Unreadable]
    raw: Sequence[bytes]  #: the events as the lane holds them
    numbers: Sequence[int | None] = ()  #: of the events that are in the buffer in PostgreSQL

    def part(self, first: int, last: int) -> LaneWork:
        """Some of the events; only the first of a lane was tried before."""
        tries = self.tries if first == 0 else 0
        parts = self.events[first:last], self.raw[first:last], self.numbers[first:last]
        return LaneWork(self.tenant, self.lane, tries, *parts)

    def spilled(self) -> list[tuple[str, int, int]]:
        """Tenant, lane and number of the events that are in the buffer."""
        return [(self.tenant, self.lane, number) for number in self.numbers if number is not None]


def lane_work(lane: FetchedLane, buffered: Sequence[SpilledEvent]) -> LaneWork:
    """A lane's events in the order of acceptance, those of its part in Redis and those of the buffer."""
    here = [Row(_decode(raw, lane.tenant), raw, None) for raw in lane.events]
    there = [Row(_decode(one.raw, lane.tenant), one.raw, one.number) for one in buffered]
    rows = _merge(here, there, more_there=len(there) >= lane.count) if here and there else here or there
    events, raw, numbers = zip(*rows, strict=True) if rows else ((), (), ())
    return LaneWork(lane.tenant, lane.lane, lane.tries, events, raw, numbers)


def _merge(here: Sequence[Row], there: Sequence[Row], *, more_there: bool) -> list[Row]:
    """Events of one lead by time of acceptance, each side in its own order; the lane's part in Redis in its own.

    Leads do not matter to each other: clocks of the processes that accepted their events may differ. More
    in PostgreSQL than is known here: what is younger in Redis than the last one known has to wait.
    """
    leads: dict[str, deque[Row]] = {}
    for row in there:
        leads.setdefault(_lead(row), deque()).append(row)
    horizon = _accepted_at(there[-1]) if more_there else None
    merged: list[Row] = []
    for place, row in enumerate(here):
        if horizon is not None and _accepted_at(row) > horizon:
            merged += _before(here[place:], there, leads)
            break
        older = leads.get(_lead(row), deque())
        while older and _accepted_at(older[0]) < _accepted_at(row):
            merged.append(older.popleft())
        merged.append(row)
    return merged or list(here[:1])


def _before(here: Sequence[Row], there: Sequence[Row], leads: Mapping[str, deque[Row]]) -> list[Row]:
    """What is left in PostgreSQL and older than the first here, less what comes behind something here."""
    first = {_lead(row): _accepted_at(row) for row in reversed(here)}
    found = []
    for row in there:
        left, time = leads[_lead(row)], _accepted_at(row)
        if left and left[0] is row and time < min(_accepted_at(here[0]), first.get(_lead(row), LAST_MOMENT)):
            found.append(left.popleft())
    return found


def _lead(row: Row) -> str:
    return row.event.lead if isinstance(row.event, Event) else ""


def _accepted_at(row: Row) -> datetime:
    """What cannot be read is out of the way first."""
    return row.event.accepted_at if isinstance(row.event, Event) else FIRST_MOMENT


def _decode(raw: bytes, tenant: str) -> Event | Unreadable:
    try:
        return decode(raw, tenant)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        return Unreadable(raw, f"not an event: {error}")
