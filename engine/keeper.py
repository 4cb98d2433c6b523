"""One thread per worker process that keeps its leases: renews them, gives back what returned, sweeps,
and tells when the broker's memory runs short.

It has its own connection, so a stuck pool child, a blocked hub or a reconnecting consumer cannot stop
the renewal. Nothing here runs in a pool callback or in the hub but set operations.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from engine import budget
from engine.conf import EngineConf, conf
from engine.lanes import BROKER_ERRORS, Lanes, connect

logger = logging.getLogger(__name__)

#: A lost wake-up mark is replaced, and an expired lease taken over, at most this many seconds later.
SWEEP_SECONDS = 1.0

#: What is due earlier, a lane set aside or a tenant held to its rate, is looked for this often at most.
DUE_SECONDS = 0.05


def owner() -> str:
    """This process, as leases name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Held(NamedTuple):
    """A bundle in work here."""

    database: str
    words: str  #: what it holds


class Keeper(threading.Thread):
    """Keeps the leases of this process until end() is called."""

    def __init__(self, settings: EngineConf) -> None:
        super().__init__(name="lane-keeper", daemon=True)
        self.lanes = Lanes(connect(settings.redis_url), settings)
        self.settings = settings
        self.held: dict[str, Held] = {}  #: by bundle id
        self.slots: Callable[[], int] = lambda: 1  #: bundles the pool can execute at once
        self.leased = 0  #: bundles since the start, without those that executors leased themselves
        self.watch: Callable[[], None] = lambda: None  #: called four times a second or more; must not wait
        self.breakers: dict[str, str] = {}  #: processes that bury nothing, and why; of all nodes
        self.pressure: dict[str, Any] = {}  #: how full Redis is; empty where it has no limit
        self.limits: dict[str, int] = {}  #: of databases that are strained, for people
        self._returned: set[str] = set()
        self._room_for: set[str] = set()
        self._lock = threading.Lock()
        self._signal = threading.Event()
        self._ended = threading.Event()

    def hold(self, bundle: str, database: str, words: str) -> None:
        """Renew this bundle until it is dropped."""
        with self._lock:
            self.held[bundle] = Held(database, words)
            self.leased += 1

    @property
    def budget(self) -> int:
        """Bundles of one database that may be in work here; follows the size of the pool."""
        return budget.node_budget(self.settings.node_bundles, self.slots(), len(self.settings.databases))

    def databases(self) -> list[str]:
        """That of each bundle in work here."""
        with self._lock:
            return [held.database for held in self.held.values()]

    def may_lease(self) -> dict[str, bool]:
        """For each database whether this node may have one more bundle of it in work."""
        return budget.may_have_more(self.databases(), self.settings.databases, self.budget)

    def drop(self, bundle: str) -> None:
        """The bundle came back: release it if its executor did not settle it. Never waits."""
        with self._lock:
            held = self.held.pop(bundle, None)
            self._returned.add(bundle)
            if held is not None:
                left = [other.database for other in self.held.values()]
                self._room_for.update(budget.made_room([held.database], left, self.budget))
        self._signal.set()

    def run(self) -> None:
        """Release at once, renew each quarter of the lease, sweep each second and when something is due; outlive
        every Redis error.
        """
        renew_at = sweep_at = due_at = look_at = time.monotonic()
        while not self._ended.is_set():
            self._signal.wait(max(0.0, min(SWEEP_SECONDS / 4, due_at - time.monotonic())))
            self._signal.clear()
            self.watch()
            now = time.monotonic()
            try:
                self._release()
                if now >= renew_at:
                    renew_at = now + self.settings.lease_seconds / 4
                    self._renew()
                if now >= sweep_at:
                    sweep_at = now + SWEEP_SECONDS
                    self._sweep()
                    self._feel_pressure()
                elif now >= due_at:
                    due_at = sweep_at
                    self.lanes.sweep(list(self.settings.databases), take_over=False)
                if now >= look_at:
                    look_at = now + DUE_SECONDS
                    due_at = min(sweep_at, now + self.lanes.due())
            except BROKER_ERRORS as error:
                logger.warning("the broker does not answer (%s); leases wait for it", error)
                self._ended.wait(SWEEP_SECONDS)

    def _release(self) -> None:
        with self._lock:
            returned, self._returned = self._returned, set()
            room_for, self._room_for = self._room_for, set()
        if not returned:
            return
        try:
            self.lanes.release(sorted(returned), blame=True, room_for=sorted(room_for))
        except BROKER_ERRORS:
            with self._lock:
                self._returned |= returned
                self._room_for |= room_for
            raise

    def _renew(self) -> None:
        with self._lock:
            held = sorted(self.held)
        if not held:
            return
        for bundle in self.lanes.renew(held):
            with self._lock:
                settled = bundle not in self.held
            if not settled:
                logger.debug("bundle %s ended before it came back", bundle)

    def _sweep(self) -> None:
        # After an outage of Redis every lease has expired: let the owners renew before anybody takes over.
        uptime = self.lanes.client.info("server")["uptime_in_seconds"]
        take_over = uptime >= self.settings.lease_seconds
        self.lanes.sweep(list(self.settings.databases), take_over=take_over, owner=owner(), slots=self.slots())
        self.breakers = self.lanes.breakers()
        self.limits = {row["database"]: row["limit"] for row in self.lanes.look_at_databases()}

    def figures(self) -> dict[str, dict[str, int]]:
        """Of each database what is in work here and what limits it, for people."""
        in_work = Counter(self.databases())
        counts = {database: in_work[database] for database in self.settings.databases}
        return budget.in_words(counts, self.budget, self.limits)

    def _feel_pressure(self) -> None:
        used, limit = self.lanes.memory()
        if limit:
            self.pressure = {"memory_share": round(used / limit, 3), "pressure": self.lanes.press(used / limit)}

    def end(self) -> None:
        """Give back what is still held and stop. Never raises: it runs while the worker shuts down."""
        self._ended.set()
        self._signal.set()
        if self.is_alive():
            self.join(SWEEP_SECONDS * 2)
        with self._lock:
            left = sorted(self._returned | set(self.held))
            self.held.clear()
        if not left:
            return
        try:
            self.lanes.release(left, blame=False)
        except BROKER_ERRORS as error:
            logger.warning("leases are left to expire, the broker does not answer (%s)", error)


@cache
def _keeper_of_process(_pid: int) -> Keeper:
    keeper = Keeper(conf())
    keeper.start()
    return keeper


def keeper() -> Keeper:
    """This process's keeper, started at the first call."""
    return _keeper_of_process(os.getpid())
