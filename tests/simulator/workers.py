"""Workers in virtual time: they lease, spend what the work costs, and settle. Nothing sleeps.

The scheduler is the model of ring.py or the real scripts: whatever has its three methods.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.simulator.ring import Price, Taken

#: Milliseconds a bundle costs beside its events, and each event beside what deciding for its tenant costs.
BUNDLE_MS, EVENT_MS = 3.0, 0.02

#: Milliseconds, and what comes then.
Arrival = tuple[float, Sequence[Taken]]


class Scheduler(Protocol):
    """What the workers need of a scheduler."""

    def push(self, groups: Sequence[Taken], now: int) -> None:
        """Events arrive."""

    def lease(self, bundle: str) -> list[Taken]:
        """What to work on."""

    def settle(self, bundle: str, done: Sequence[Taken], cost: Mapping[str, Price], now: int) -> None:
        """All of it is done."""


@dataclass(frozen=True, slots=True)
class Job:
    """One bundle at work."""

    bundle: str
    start: float
    end: float
    lanes: Sequence[Taken]
    lane_ms: Sequence[float]  #: what each lane costs, with its part of what the bundle costs beside
    cost: Mapping[str, Price]


class Watcher:
    """Is told what happens; the figures and checks are subclasses."""

    def pushed(self, now: float, groups: Sequence[Taken]) -> None:
        """Events arrived."""

    def leased(self, now: float, job: Job) -> None:
        """A worker began."""

    def settled(self, now: float, job: Job) -> None:
        """A worker ended."""

    def idle(self, now: float) -> None:
        """A worker asked and there was nothing."""


class Workers:
    """So many of them. own_ms: what deciding for an event of a tenant costs, asked once per lane of a bundle."""

    def __init__(
        self,
        scheduler: Scheduler,
        count: int,
        own_ms: Callable[[str], float],
        watchers: Iterable[Watcher] = (),
        always_busy: Collection[str] = (),
    ) -> None:
        self.scheduler, self.own_ms, self.watchers = scheduler, own_ms, tuple(watchers)
        self.always_busy = frozenset(always_busy)  #: their lanes are filled again with what was done
        self.now = 0.0
        self.bundles = 0
        self._free = count
        self._running: list[tuple[float, int, Job]] = []

    def run(self, arrivals: Iterable[Arrival], until: float) -> None:
        """Until that millisecond, then what runs is finished and nothing more is begun."""
        for time, groups in arrivals:
            if time >= until:
                break
            self._work_until(time)
            self.now = time
            self._push(groups)
            self._begin_all()
        self._work_until(until)
        while self._running:
            self._finish(refill=False)

    def drain(self) -> None:
        """Until there is no more work; nobody's lanes are filled again, and nobody watches."""
        self.watchers = ()
        self._begin_all()
        while self._running:
            self._finish(refill=False)
            self._begin_all()

    def _work_until(self, until: float) -> None:
        while self._running and self._running[0][0] <= until:
            self._finish(refill=True)
            self._begin_all()

    def _push(self, groups: Sequence[Taken]) -> None:
        self.scheduler.push(groups, int(self.now))
        for watcher in self.watchers:
            watcher.pushed(self.now, groups)

    def _begin_all(self) -> None:
        while self._free and self._begin():
            self._free -= 1

    def _begin(self) -> bool:
        self.bundles += 1
        bundle = f"b{self.bundles}"
        lanes = self.scheduler.lease(bundle)
        if not lanes:
            for watcher in self.watchers:
                watcher.idle(self.now)
            return False
        job = self._job(bundle, lanes)
        heapq.heappush(self._running, (job.end, self.bundles, job))
        for watcher in self.watchers:
            watcher.leased(self.now, job)
        return True

    def _job(self, bundle: str, lanes: Sequence[Taken]) -> Job:
        own = [self.own_ms(tenant) * count for tenant, _, count in lanes]
        each = EVENT_MS + BUNDLE_MS / sum(count for _, _, count in lanes)
        lane_ms = [mine + each * count for mine, (_, _, count) in zip(own, lanes, strict=True)]
        cost: dict[str, Price] = {}
        for (tenant, _, count), mine, total in zip(lanes, own, lane_ms, strict=True):
            ms, events, own_so_far = cost.get(tenant, (0.0, 0, 0.0))
            cost[tenant] = (ms + total, events + count, own_so_far + mine)
        return Job(bundle, self.now, self.now + sum(lane_ms), lanes, lane_ms, cost)

    def _finish(self, *, refill: bool) -> None:
        self.now, _, job = heapq.heappop(self._running)
        self.scheduler.settle(job.bundle, job.lanes, job.cost, int(self.now))
        self._free += 1
        for watcher in self.watchers:
            watcher.settled(self.now, job)
        again = [one for one in job.lanes if one[0] in self.always_busy]
        if again and refill:
            self._push(again)
