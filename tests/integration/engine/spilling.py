"""Back pressure in the tests' own process: small limits, a node that works when told, what the buffer holds."""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

import psycopg
import pytest

from engine import enqueue, maintenance
from engine.errors import LaneFull
from engine.executor import Executor, Report
from engine.lanes import FetchedLane, lanes
from engine.types import Event
from tests.events import NOON, event
from tests.integration.engine.bundles import effects

_moments = itertools.count(1)

PREFIX = "{fairlane}:"


def numbered(tenant: str, lead: str, count: int, first: int = 0, type: str = "purchase") -> list[Event]:
    """Events of one lead, each accepted a millisecond after the one made before."""
    return [
        event(tenant, lead, f"{lead}-{n}", type, at=NOON + timedelta(milliseconds=next(_moments)), n=n)
        for n in range(first, first + count)
    ]


def limit(monkeypatch: pytest.MonkeyPatch, **settings: int) -> None:
    """Other settings than the defaults, for producers and for nodes."""
    monkeypatch.setattr(lanes(), "settings", dataclasses.replace(lanes().settings, **settings))


def refused_of(events: Sequence[Event]) -> list[Event]:
    """Push; returns what was refused."""
    try:
        enqueue.push(events)
    except LaneFull as error:
        return list(error.refused)
    return []


class Node:
    """A worker, one step at a time; who does not settle has crashed."""

    _numbers = itertools.count()

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.bundle = ""

    def lease(self) -> bool:
        """A new bundle. Returns whether there is anything to do."""
        self.bundle = f"bundle-{next(self._numbers)}"
        return bool(lanes().lease(self.bundle, "node:1", "default"))

    def fetch(self) -> list[FetchedLane]:
        """What it leased; nothing when the lease is lost."""
        return lanes().fetch(self.bundle) or []

    def settle(self, report: Report) -> int:
        """-1: the lease is lost."""
        return lanes().settle(self.bundle, report.outcomes.values(), report.cost(), report.modes)

    def turn(self) -> bool:
        """One bundle, from lease to settle. Returns whether there was one."""
        if not self.lease():
            return False
        self.settle(self.executor.execute(self.fetch()))
        return True

    def work(self) -> None:
        """Until nothing is left that can be done now."""
        while self.turn():
            pass


def tell_modes(worker: psycopg.Connection) -> None:
    """What maintenance does each second, and each ten."""
    maintenance.tell_blind_lanes(worker)
    maintenance.tell_spilled_lanes(worker)


def let_waits_end() -> None:
    """As if the wait of all lanes that were set aside had passed."""
    for place in lanes().client.zrange(PREFIX + "later", 0, -1):
        lanes().client.zadd(PREFIX + "later", {place: 1})


def buffered(watch: psycopg.Connection) -> list[tuple[str, int]]:
    """Tenant and number of each event in the buffer."""
    return watch.execute("SELECT tenant_id, number FROM engine_spill ORDER BY 1, lane, 2").fetchall()


def modes(watch: psycopg.Connection) -> dict[str, tuple[bool, int, bool]]:
    """Spill, epoch, blind of each tenant with one lane."""
    rows = watch.execute("SELECT tenant_id, spill, epoch, blind FROM engine_lanemode").fetchall()
    return {tenant: (spill, epoch, blind) for tenant, spill, epoch, blind in rows}


def spilled_in_redis() -> dict[str, int]:
    """Lanes in spill mode and their epochs, as Redis knows them."""
    return {name.decode(): int(epoch) for name, epoch in lanes().client.hgetall(PREFIX + "spill").items()}


def by_lead(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Ids in their order, of each tenant's lead; an id begins with its lead."""
    leads: dict[tuple[str, str], list[str]] = defaultdict(list)
    for tenant, id in pairs:
        leads[tenant, id.rpartition("-")[0]].append(id)
    return leads


def orders(watch: psycopg.Connection) -> dict[tuple[str, str], list[str]]:
    """What was executed, in order, of each lead."""
    return by_lead(effects(watch))


def depth(tenant: str) -> int:
    """Events in Redis of a tenant with one lane."""
    return lanes().depth(tenant, 0)


def push_one_by_one(events: Sequence[Event]) -> None:
    """Each accepted before the next is sent."""
    for one in events:
        enqueue.push([one])
