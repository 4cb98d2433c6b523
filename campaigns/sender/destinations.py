"""Which lines get the free slots: fair among tenants by the slots they hold, none for a destination that rests."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from campaigns.sender.claims import Line

TENANT_SHARE = 0.75  #: of the slots that one tenant may hold, so that another's first delivery does not wait
LINE_SHARE = 0.5  #: of the slots that may go to one destination of a tenant: it may be slow
FAILURES = 3  #: in a row, before a destination rests

#: Destinations that are the same server for all tenants.
SHARED = frozenset({"smtp"})


@dataclass
class _Trouble:
    failures: int = 0
    until: float = 0.0


class Health:
    """Destinations that failed of late. One delivery at a time finds out whether such a one is back."""

    def __init__(self, pause_seconds: float) -> None:
        self.pause_seconds = pause_seconds
        self._troubles: dict[Line, _Trouble] = {}

    def failed(self, line: Line, now: float, asked: float = 0.0) -> None:
        """A delivery failed by the fault of its destination; it may have asked to be left alone for so long."""
        trouble = self._troubles.setdefault(_server(line), _Trouble())
        trouble.failures += 1
        pause = 2.0 ** min(trouble.failures, 30) if trouble.failures >= FAILURES else 0.0
        trouble.until = max(trouble.until, now + min(self.pause_seconds, max(pause, asked)))

    def worked(self, line: Line) -> None:
        """The destination answered."""
        self._troubles.pop(_server(line), None)

    def room(self, line: Line, in_work: Mapping[Line, int], most: int, now: float) -> int:
        """How many more deliveries may go there."""
        trouble = self._troubles.get(_server(line))
        if trouble is None:
            return most - in_work.get(line, 0)
        if now < trouble.until:
            return 0
        return 1 - sum(count for other, count in in_work.items() if _server(other) == _server(line))


def _server(line: Line) -> Line:
    return Line("", line.destination) if line.destination in SHARED else line


def choose(
    lines: Iterable[Line], in_work: Mapping[Line, int], room: Callable[[Line, Mapping[Line, int]], int], slots: int
) -> dict[Line, int]:
    """How many deliveries to begin of each line. Each slot goes to the tenant that holds fewest, ties in order."""
    held = Counter(in_work)
    of_tenant: Counter[str] = Counter()
    for line, count in in_work.items():
        of_tenant[line.tenant] += count
    by_tenant: dict[str, list[Line]] = {}
    for line in lines:
        by_tenant.setdefault(line.tenant, []).append(line)
    turns = [(of_tenant[tenant], place, tenant) for place, tenant in enumerate(by_tenant)]
    heapq.heapify(turns)
    chosen: Counter[Line] = Counter()
    free = slots - of_tenant.total()
    while free > 0 and turns:
        holds, place, tenant = heapq.heappop(turns)
        open_lines = [line for line in by_tenant[tenant] if room(line, held) > 0]
        if not open_lines or holds >= max(1, int(slots * TENANT_SHARE)):
            continue
        line = min(open_lines, key=held.__getitem__)
        held[line] += 1
        chosen[line] += 1
        free -= 1
        heapq.heappush(turns, (holds + 1, place, tenant))
    return dict(chosen)
