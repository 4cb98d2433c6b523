"""What is measured while the demo runs. Nothing is assumed: each figure is read where it arises.

accepted   the feeder's log
waiting    the depth of the tenant's lanes, as `manage.py lanes` shows it; events in work are among them
done       accepted less waiting; its rate over the last RATE_SECONDS
waits      of the activities recorded in the last WAIT_SECONDS: from acceptance to execution
failed     dead letters
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from campaigns.demo.acceptlog import Follower
from engine.lanes import lanes
from engine.sql import load

QUERIES = load("campaigns.demo", "demo.sql")

RATE_SECONDS, WAIT_SECONDS = 2.0, 3.0
#: Rows are looked at when they are this old: their transactions have ended and shown them.
SETTLED_SECONDS = 0.7
BLOCKS_BACK = 4.0  #: seconds whose blocks are looked through again for rows that were not shown then
ALL_TENANTS = 1000


@dataclass
class TenantFigures:
    """A line of the table."""

    key: str
    accepted: int = 0
    waiting: int = 0
    done: int = 0
    per_second: float = 0.0
    waits: list[float] = field(default_factory=list)  #: seconds, sorted
    failed: int = 0


def percentile(ordered: Sequence[float], part: float) -> float | None:
    """The value that this part of the sorted values does not exceed; None of nothing."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def is_drained() -> bool:
    """Whether nothing waits and nothing is in work, of any tenant."""
    return bool(lanes().look(0)["total"] == 0)


class Meter:
    """Reads all figures at each look(). Needs a connection of the worker role, which sees all tenants."""

    def __init__(self, connection: psycopg.Connection, accept_log: Path, tenants: Sequence[str]) -> None:
        self.connection = connection
        self.log = Follower(accept_log)
        self.figures = {key: TenantFigures(key) for key in tenants}
        self.began_at = datetime.now(UTC)
        self.first_dead_letter = connection.execute(QUERIES["find_last_dead_letter"]).fetchone()[0]
        self.peak = 0.0  #: the highest rate of all tenants together, events a second
        self._done: deque[tuple[float, Counter[str]]] = deque()
        self._waits: deque[tuple[datetime, list[tuple[str, float]]]] = deque()
        self._ends: deque[tuple[datetime, int]] = deque([(self.began_at, self._end())])
        self._seen_until = self.began_at

    def look(self) -> list[TenantFigures]:
        """Read everything; the tenants in their order."""
        depths = self._depths()  # before the log: what is accepted in between counts as done for a moment less
        for event in self.log.added():
            self.figures[event.tenant].accepted += 1
        for key, figures in self.figures.items():
            figures.waiting = depths.get(key, 0)
            figures.done = max(figures.done, figures.accepted - figures.waiting)
        self._measure_rates()
        self._measure_waits()
        for key, count in self.connection.execute(QUERIES["count_dead_letters"], [self.first_dead_letter]):
            self.figures[key].failed = count
        return list(self.figures.values())

    def _depths(self) -> dict[str, int]:
        rows = lanes().look(ALL_TENANTS)["tenants"]
        return {row["tenant"]: row["waiting"] for row in rows if row["tenant"] in self.figures}

    def _measure_rates(self) -> None:
        now = time.monotonic()
        present = Counter({key: figures.done for key, figures in self.figures.items()})
        self._done.append((now, present))
        while now - self._done[0][0] > RATE_SECONDS and len(self._done) > 2:
            self._done.popleft()
        since, before = self._done[0]
        seconds = max(now - since, 0.001)
        for key, figures in self.figures.items():
            figures.per_second = (present[key] - before[key]) / seconds
        if seconds > RATE_SECONDS / 2:
            self.peak = max(self.peak, (present.total() - before.total()) / seconds)

    def _end(self) -> int:
        row = self.connection.execute(QUERIES["find_end_of_activities"]).fetchone()
        return row[0] or 0

    def _measure_waits(self) -> None:
        now = datetime.now(UTC)
        self._ends.append((now, self._end()))
        while len(self._ends) > 1 and self._ends[1][0] < now - timedelta(seconds=BLOCKS_BACK):
            self._ends.popleft()
        until = now - timedelta(seconds=SETTLED_SECONDS)
        start = min(self._ends[0][1], self._ends[-1][1])  # a new month begins at block 0
        rows = self.connection.execute(
            QUERIES["select_waits_recorded"], [f"({start},0)", self._seen_until, until]
        ).fetchall()
        self._seen_until = until
        self._waits.append((now, rows))
        while self._waits[0][0] < now - timedelta(seconds=WAIT_SECONDS):
            self._waits.popleft()
        self._sort_waits()

    def _sort_waits(self) -> None:
        for figures in self.figures.values():
            figures.waits = []
        for _, rows in self._waits:
            for tenant, wait in rows:
                if tenant in self.figures:
                    self.figures[tenant].waits.append(max(0.0, wait))
        for figures in self.figures.values():
            figures.waits.sort()
