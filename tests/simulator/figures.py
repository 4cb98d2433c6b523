"""What is measured: worker time by window, waits."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence

from tests.simulator.ring import Taken
from tests.simulator.workers import Job, Watcher


def jain(shares: Collection[float]) -> float:
    """Jain's index of fairness: 1 when all are equal, 1/n when one has everything."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))] if values else 0.0


class WorkerTime(Watcher):
    """Milliseconds of workers that each tenant used, by window of the time in which they were used."""

    def __init__(self, tenants: Collection[str], window_ms: float = 10_000) -> None:
        self.tenants, self.window_ms = tenants, window_ms
        self.windows: dict[int, dict[str, float]] = defaultdict(lambda: dict.fromkeys(tenants, 0.0))

    def settled(self, now: float, job: Job) -> None:
        """A bundle's time is its tenants', in proportion, all the while it runs."""
        for window in range(int(job.start // self.window_ms), int(now // self.window_ms) + 1):
            first, last = max(job.start, window * self.window_ms), min(now, (window + 1) * self.window_ms)
            part = (last - first) / (now - job.start)
            for tenant, (ms, _, _) in job.cost.items():
                if tenant in self.windows[window]:
                    self.windows[window][tenant] += ms * part

    def jain(self, weights: Mapping[str, float], skip: int = 0) -> list[float]:
        """The index of each whole window, of time by weight; the first ones may be skipped."""
        whole = sorted(self.windows)[skip:-1]
        return [jain([used / weights[tenant] for tenant, used in self.windows[at].items()]) for at in whole]

    def jain_of_all(self, weights: Mapping[str, float]) -> float:
        """The index of the whole time."""
        used = {tenant: sum(window[tenant] for window in self.windows.values()) for tenant in self.tenants}
        return jain([ms / weights[tenant] for tenant, ms in used.items()])

    def shares(self, weights: Mapping[str, float], skip: int = 0) -> dict[str, float]:
        """What each used, over what its weight is of it: 1 is fair."""
        whole = sorted(self.windows)[skip:-1]
        used = {tenant: sum(self.windows[at][tenant] for at in whole) for tenant in self.tenants}
        per_weight = sum(used.values()) / sum(weights[tenant] for tenant in used)
        return {tenant: ms / (per_weight * weights[tenant]) for tenant, ms in used.items()}


class Waits(Watcher):
    """Milliseconds from an event's arrival until a worker began it, and until it was done; of one kind of tenants."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.begun: list[float] = []
        self.done: list[float] = []
        self._queues: dict[Taken, deque[list[float]]] = {}

    def pushed(self, now: float, groups: Sequence[Taken]) -> None:
        """Each group of events waits as one."""
        for tenant, lane, count in groups:
            if tenant.startswith(self.prefix):
                self._queues.setdefault((tenant, lane, 0), deque()).append([now, count])

    def leased(self, now: float, job: Job) -> None:
        """First in, first out."""
        for tenant, lane, count in job.lanes:
            if tenant.startswith(self.prefix):
                self._begin((tenant, lane, 0), count, now, job.end)

    def _begin(self, place: Taken, count: int, now: float, end: float) -> None:
        queue = self._queues[place]
        while count:
            arrived, left = queue[0]
            taken = min(count, int(left))
            self.begun.append(now - arrived)
            self.done.append(end - arrived)
            count -= taken
            queue[0][1] -= taken
            if not queue[0][1]:
                queue.popleft()
        if not queue:
            del self._queues[place]

    @property
    def waiting(self) -> int:
        """Lanes in which somebody still waits."""
        return len(self._queues)
