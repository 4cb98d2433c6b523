"""Executing events that were accepted before: by a node, and by the executor alone.

The node is timed from its first settled bundle to its last, so that its start is not counted. The executor runs in
this process, without Redis and Celery, on bundles of one size, of leads that exist: what batching saves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial

from engine import enqueue, tasks
from engine.executor import Executor
from engine.lanes import FetchedLane
from engine.placement import DIRECTORY
from engine.routing import lane_of
from engine.types import Event, encode
from tests.benchmarks.meter import Meter
from tests.benchmarks.path import busy_tenants, memory_of, wait_for, waiting, worker
from tests.benchmarks.peers import limit
from tests.benchmarks.processes import cpu_of, cpu_seconds, tree
from tests.benchmarks.suite import Case, Column, Figures, Suite
from tests.benchmarks.world import LANES, Scene, analyze

EVENTS = int(os.environ.get("EVENTS", "60000"))

#: Bundles of so many events, and how many of them at most; fewer where that were more than EVENTS.
SIZES: Mapping[int, int] = {1: 1_500, 10: 800, 100: 300, 1_000: 60}
WARM_BUNDLES = 5

NODE = "a node of 2 processes"

COLUMNS = (
    Column("times_one", "x one event a bundle", ".1f"),
    Column("cost_of_one", "CPU of one event a bundle", ".3f"),
    Column("actions", "actions/s"),
    Column("events", "events/s"),
    Column("bundle_ms", "ms a bundle", ".1f"),
    Column("cpu", "CPU s a million"),
    Column("cpu_worker", "worker"),
    Column("cpu_postgres", "PostgreSQL"),
    Column("cpu_redis", "Redis"),
    Column("wal_bytes", "WAL bytes an event"),
    Column("main_mb", "main MB"),
    Column("child_mb", "child MB"),
)


def suite() -> Suite:
    """The node first, then the executor by the size of its bundles."""
    cases = [Case(NODE, _node), *(Case(_name(size), partial(_alone, size)) for size in SIZES)]
    return Suite("executing what was accepted before, 12 unequal tenants", cases, COLUMNS, compare)


def compare(rows: Mapping[str, Figures]) -> None:
    """Each case beside bundles of one event."""
    one = rows[_name(1)]
    for figures in rows.values():
        figures["times_one"] = figures["actions"] / one["actions"]
        figures["cost_of_one"] = figures["cpu"] / one["cpu"]


def _name(size: int) -> str:
    return f"executor alone, bundles of {size:,}"


def _node(seed: int) -> Figures:
    scene = Scene()
    scene.reset()
    enqueue.push(scene.events(EVENTS, seed=seed))
    with worker("engine") as process:
        meter = Meter({"worker": lambda: cpu_of(tree(process.pid))})
        wait_for(lambda: EVENTS - waiting(scene.tenants), 1)
        meter.start()
        left = waiting(scene.tenants)
        wait_for(lambda: -busy_tenants(), 0, 300)
        return meter.read(events=left, actions=left * scene.actions) | memory_of(process.pid)


def _alone(size: int, seed: int) -> Figures:
    scene = Scene()
    scene.reset()
    executor = tasks._make_executor(DIRECTORY)
    count = min(SIZES[size], max(1, EVENTS // size))
    warm, events = scene.events(WARM_BUNDLES * size, seed=99), scene.events(count * size, seed=seed)
    _make_leads(executor, [*warm, *events])
    load = bundles(events, size)
    meter = Meter({"worker": lambda: cpu_seconds(os.getpid())})
    _execute(executor, bundles(warm, size))
    meter.start()
    _execute(executor, load)
    figures = meter.read(events=count * size, actions=count * size * scene.actions)
    executor.connection.close()
    return figures | {"bundle_ms": figures["seconds"] * 1000 / count}


def _make_leads(executor: Executor, events: Sequence[Event]) -> None:
    """As events before have left them."""
    places = sorted({(event.tenant, event.lead) for event in events})
    executor.connection.execute(limit.SQL["insert_leads"], [list(column) for column in zip(*places, strict=True)])
    analyze()


def bundles(events: Sequence[Event], size: int) -> list[list[FetchedLane]]:
    """Bundles of so many events, as a worker fetches them."""
    return [bundle(events[first : first + size]) for first in range(0, len(events), size)]


def bundle(events: Sequence[Event]) -> list[FetchedLane]:
    """The events by lane, in order."""
    raw: dict[tuple[str, int], list[bytes]] = {}
    for event in events:
        raw.setdefault((event.tenant, lane_of(event.lead, LANES)), []).append(encode(event))
    return [FetchedLane(tenant, lane, 0, of_lane) for (tenant, lane), of_lane in raw.items()]


def _execute(executor: Executor, load: Sequence[Sequence[FetchedLane]]) -> None:
    for lanes in load:
        report = executor.execute(lanes)
        assert not report.dead
