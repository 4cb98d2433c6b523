"""What a piece of work costs, by kind of process: CPU, memory, bytes on disk, in the log and in Redis.

The long case is three minutes at full speed over HTTP (COST_SECONDS), or so many events (COST_EVENTS=3900000 is an
hour of 65,000 a minute), with memory looked at five times, so that what grows is seen.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import mean

from engine import enqueue
from engine.lanes import lanes
from tests.benchmarks import back_pressure, capacity, lanecost, path, storage, world
from tests.benchmarks.memory import Look, over_time, stock_mb
from tests.benchmarks.meter import Meter
from tests.benchmarks.peers import celery_nodes, stock
from tests.benchmarks.processes import children, cpu_of, cpu_seconds, memory_mb, tree
from tests.benchmarks.stream import Stream, prepare
from tests.benchmarks.suite import Case, Column, Figures, Suite
from tests.benchmarks.web import web
from tests.benchmarks.world import Scene

SECONDS = float(os.environ.get("COST_SECONDS", "180"))
EVENTS = float(os.environ.get("COST_EVENTS", "inf"))
STEADY_SECONDS = float(os.environ.get("STEADY_SECONDS", "60"))
STOCK_EVENTS = 700
TABLE_EVENTS = 20_000
WAITING_EVENTS = 100_000
WAITING_TENANTS = 10_000
MOMENTS = 4  #: looks at memory after the first

STOCK = "stock Celery, a task per action"
TABLES = "by table"
STEADY = "65,000 events a minute"

COLUMNS = (
    Column("memory_of_stock", "memory of stock's, same load", ".3f"),
    Column("node_of_stock", "of one stock node", ".2f"),
    Column("cpu_of_stock", "CPU of stock's", ".3f"),
    Column("actions", "actions/s"),
    Column("events_sent", "events"),
    Column("cpu", "CPU s a million"),
    Column("cpu_web", "CPU: web", ".1f"),
    Column("cpu_main", "CPU: main", ".1f"),
    Column("cpu_pool", "CPU: pool", ".1f"),
    Column("cpu_redis", "CPU: Redis", ".1f"),
    Column("cpu_postgres", "CPU: PostgreSQL", ".1f"),
    Column("cpu_maintain", "CPU: maintain", ".1f"),
    Column("node_mb", "node MB"),
    Column("main_mb", "main MB"),
    Column("child_mb", "child MB"),
    Column("web_mb", "web MB"),
    Column("maintain_mb", "maintain MB"),
    Column("child_mb_growth", "child MB a million events", ".1f"),
    Column("main_mb_growth", "main MB a million events", ".1f"),
    Column("web_mb_growth", "web MB a million events", ".1f"),
    Column("redis_mb_growth", "Redis MB a million events", ".1f"),
    Column("queue_rows_minute", "queue rows a minute", ",.1f"),
    Column("queue_transactions_minute", "queue transactions a minute", ",.1f"),
    Column("wal_bytes", "WAL B/event"),
    Column("wal_ledger_bytes", "WAL: ledger"),
    Column("wal_activity_bytes", "WAL: activities"),
    Column("wal_lead_bytes", "WAL: leads"),
    Column("ledger_bytes", "ledger B/event"),
    Column("activity_bytes", "activities B/event"),
    Column("lead_bytes", "leads B/event"),
    Column("redis_event_bytes", "Redis B/waiting event"),
    Column("redis_active_bytes", "B/active tenant"),
    Column("redis_idle_bytes", "B/idle tenant"),
)


def suite() -> Suite:
    """Each case looks at a part of the cost."""
    cases = [
        Case(STOCK, _stock),
        Case(capacity.HTTP, over_http, once=True),
        Case(STEADY, steady, once=True),
        Case(TABLES, by_table),
        Case(capacity.WAITING, in_redis),
    ]
    return Suite("what a piece of work costs", cases, COLUMNS, compare)


def _stock(seed: int) -> Figures:
    return celery_nodes.run("tests.benchmarks.peers.stock", stock.enqueue, STOCK_EVENTS, seed=seed)


def compare(rows: Mapping[str, Figures]) -> None:
    """Beside stock Celery: CPU of an action, memory of a node, and of so many processes as the same load takes."""
    theirs = rows[STOCK]
    for figures in rows.values():
        if "node_mb" in figures:
            figures["cpu_of_stock"] = figures["cpu"] / theirs["cpu"]
            figures["node_of_stock"] = figures["node_mb"] / theirs["node_mb"]
            figures["memory_of_stock"] = figures["node_mb"] / stock_mb(figures["actions"], theirs)


@dataclass(frozen=True)
class Kinds:
    """The processes of an installation, by their first ones' numbers."""

    node: int
    maintain: int
    web: int | None = None

    def roles(self) -> dict[str, Callable[[], float]]:
        """CPU seconds used so far by each kind."""
        roles: dict[str, Callable[[], float]] = {
            "main": lambda: cpu_seconds(self.node),
            "pool": lambda: cpu_of(children(self.node)),
            "maintain": lambda: cpu_of(tree(self.maintain)),
        }
        gunicorn = self.web
        return roles if gunicorn is None else roles | {"web": lambda: cpu_of(tree(gunicorn))}

    def memory(self) -> Figures:
        """MB of one process of each kind, of the whole node, and of both servers."""
        figures = path.memory_of(self.node) | {"maintain_mb": sum(map(memory_mb, tree(self.maintain)))}
        figures["redis_mb"] = lanecost.memory_bytes() / 2**20
        figures["postgres_mb"] = sum(map(memory_mb, tree(world.PIDS["postgres"])))
        if self.web is not None:
            figures["web_mb"] = mean(memory_mb(child) for child in children(self.web))
        return figures


def over_http(seed: int) -> Figures:
    """Everything runs as in production; clients keep the node busy."""
    scene = Scene()
    scene.reset()
    with ExitStack() as stack:
        service = stack.enter_context(web())
        node = stack.enter_context(path.worker("engine"))
        maintain = stack.enter_context(back_pressure.maintenance())
        kinds = Kinds(node.pid, maintain.pid, service.pid)
        stream = Stream(service.port, prepare(scene.names(), seed=seed), scene.tenants)
        _play(stream, path.WARM_EVENTS, 60)
        path.wait_for(lambda: -path.busy_tenants(), 0)
        world.analyze()
        meter, before, sizes = Meter(kinds.roles()), stream.sent, storage.sizes()
        meter.start()
        looks = [Look(0, kinds.memory())]
        for _ in range(MOMENTS):
            _play(stream, EVENTS / MOMENTS, SECONDS / MOMENTS)
            looks.append(Look(stream.sent - before, kinds.memory()))
        path.wait_for(lambda: -path.busy_tenants(), 0)
        sent = stream.sent - before
        figures = meter.read(events=sent, actions=sent * scene.actions)
    grown = _a_piece(sizes, storage.sizes(), sent)
    return figures | over_time(looks) | grown | {
        "events_sent": float(sent), "process_actions": figures["actions"] / 2,
    }  # fmt: skip


def _play(stream: Stream, events: float, seconds: float) -> None:
    """Send so many events, or for so long where no number was asked for."""
    before, deadline = stream.sent, time.monotonic() + seconds
    by_number = math.isfinite(events)
    stream.run(lambda: stream.sent - before < events if by_number else time.monotonic() < deadline)


def _a_piece(before: Figures, after: Figures, events: int) -> Figures:
    """Bytes of the database an event, by table."""
    return {f"{kind}_bytes": (size - before.get(kind, 0.0)) / events for kind, size in after.items()}


def steady(seed: int) -> Figures:
    """The load that a node has all day, accepted in process: queue writes, waits, and what that costs."""
    load = back_pressure.Load(seconds=STEADY_SECONDS)
    with back_pressure.stage(load) as on:
        kinds = Kinds(on.node.pid, on.maintain.pid)
        meter = Meter(kinds.roles() | {"sender": lambda: cpu_seconds(os.getpid())})
        meter.start()
        with on.phases.of(STEADY):
            on.sender.run(load.rate, lambda seconds: seconds < load.seconds)
        found = on.finish().phases[STEADY]
        figures = meter.read(events=found.sent, actions=found.sent * Scene.actions)
        return figures | kinds.memory() | {
            "events_sent": float(found.sent), "share_direct": found.share_direct,
            "queue_rows_minute": found.per_minute(found.rows),
            "queue_transactions_minute": found.per_minute(found.transactions),
            "p50_ms": found.p50 * 1000, "p99_ms": found.p99 * 1000,
        }  # fmt: skip


def by_table(seed: int) -> Figures:
    """The log of a few events, told apart by the server's own tool."""
    scene = Scene()
    scene.reset()
    warm, load = scene.events(path.WARM_EVENTS, seed=99), scene.events(TABLE_EVENTS, seed=seed)
    with path.worker("engine"):
        done = path.counter("count_done")
        enqueue.push(warm)
        path.wait_for(done, len(warm))
        world.analyze()
        before, start = storage.sizes(), storage.position()
        enqueue.push(load)
        path.wait_for(done, len(warm) + len(load))
        path.wait_for(lambda: -path.busy_tenants(), 0)
        end = storage.position()
    logged = storage.logged(start, end)
    figures = {f"wal_{kind}_bytes": size / TABLE_EVENTS for kind, size in logged.items()}
    figures["wal_bytes"] = figures.pop("wal_all_bytes")
    return figures | _a_piece(before, storage.sizes(), TABLE_EVENTS)


def in_redis(seed: int) -> Figures:
    """Without a worker: bytes of an event that waits, of a tenant with an event, of one whose events were executed."""
    tenants = Scene().names()
    each = WAITING_EVENTS // (len(tenants) * world.LANES)
    places = [(tenant, lane, each) for tenant in tenants for lane in range(world.LANES)]
    empty = _emptied()
    lanecost.fill(places)
    event = (lanecost.memory_bytes() - empty) / (each * len(places))
    empty = _emptied()
    lanecost.fill([(tenant, 0, 1) for tenant in world.names(WAITING_TENANTS)])
    active = (lanecost.memory_bytes() - empty) / WAITING_TENANTS - event
    lanecost.drain(lanes())
    idle = (lanecost.memory_bytes() - empty) / WAITING_TENANTS
    return {"redis_event_bytes": event, "redis_active_bytes": active, "redis_idle_bytes": idle}


def _emptied() -> int:
    """Bytes of a Redis that has its scripts and nothing else."""
    world.broker().flushall()
    lanecost.fill([("t0000", 0, 1)])
    lanecost.drain(lanes())
    world.broker().flushall()
    return lanecost.memory_bytes()
