"""Stops burying while everything fails: that is a fault of the deployment, or of a tenant's rules, not of the events.

Nothing is kept from being executed, so each bundle is a probe and the first event that succeeds closes the breaker.
What it changes is what becomes of an event that fails alone: its lane is set aside, in its order, instead of the
event being lost to its lead. A lane full of bad events, or a tenant of bad events beside others, is no such fault
for anybody else: a tenant fails by its lanes, the deployment by its tenants, each counted since the last success.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

#: Seconds that a lane is set aside: as long as the breaker has been open, within these.
LEAST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

#: Another process may have set most lanes aside: so few of a tenant say enough when two events of each of `after`
#: lanes have failed in them; fewer, when another process says that it buries nothing.
FEW_LANES, EVENTS_A_LANE = 3, 2

#: Tenants that are watched at once; the one that failed first is forgotten for one more.
MOST_TENANTS = 1000


@dataclass
class Streak:
    """Failures in a row, without a success."""

    sources: set[object] = field(default_factory=set)  #: the lanes of a tenant, or the tenants
    events: int = 0  #: of a tenant
    opened: float | None = None  #: when they became too many
    error: str = ""  #: the last one

    def pause(self, now: float) -> float:
        """Grows as the breaker stays open."""
        return min(LONGEST_PAUSE, max(LEAST_PAUSE, now - (self.opened or now)))


class Breaker:
    """That of one process: in a node with a faulty release, those of others know nothing and go on."""

    def __init__(
        self,
        after: int,
        *,
        tell: Callable[[str], None] = lambda words: None,
        others: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.after = after  #: so many lanes, or tenants, may fail in a row
        self.tell = tell  #: what is open, in words; empty when nothing is
        self.others = others  #: whether another process buries nothing; asked only when that decides
        self.clock = clock
        self._all = Streak()
        self._of: dict[str, Streak] = {}

    def failed(self, tenant: str, lane: int, error: Exception) -> float | None:
        """An event failed alone. Returns None to bury it, else the seconds to set its lane aside."""
        self._of_tenant(tenant).events += 1
        for streak, source in ((self._all, tenant), (self._of_tenant(tenant), lane)):
            streak.error = f"{type(error).__name__}: {error}"
            if streak.opened is None:
                streak.sources.add(source)
                self._open_if_too_many(streak)
        opened = next((streak for streak in (self._all, self._of[tenant]) if streak.opened is not None), None)
        if opened is None:
            return None
        self.tell(self.words())
        return opened.pause(self.clock())

    def succeeded(self, tenants: Iterable[str]) -> None:
        """Events of these tenants were executed."""
        if not self._all.sources and not self._of:
            return
        closed = [self._all, *[streak for tenant in tenants if (streak := self._of.pop(tenant, None))]]
        self._all = Streak()
        if any(streak.opened is not None for streak in closed):
            logger.warning("events succeed again: those that fail become dead letters again")
            self.tell(self.words())

    def words(self) -> str:
        """What is open, for people; empty when nothing is."""
        if self._all.opened is not None:
            return f"every tenant's events fail: {self._all.error}"[:500]
        tenants = {tenant: streak for tenant, streak in self._of.items() if streak.opened is not None}
        if not tenants:
            return ""
        names = ", ".join(sorted(tenants)[:5]) + (" and others" if len(tenants) > 5 else "")
        return f"all events of {names} fail: {next(iter(tenants.values())).error}"[:500]

    def _of_tenant(self, tenant: str) -> Streak:
        if tenant not in self._of and len(self._of) >= MOST_TENANTS:
            self._of.pop(next(iter(self._of)))
        return self._of.setdefault(tenant, Streak())

    def _open_if_too_many(self, streak: Streak) -> None:
        if len(streak.sources) > self.after or self._are_too_many_events(streak):
            streak.opened = self.clock()
            logger.error("nothing is buried until an event succeeds: %s", self.words())

    def _are_too_many_events(self, streak: Streak) -> bool:
        return streak.events > EVENTS_A_LANE * self.after and (len(streak.sources) >= FEW_LANES or self.others())
