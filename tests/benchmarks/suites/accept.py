"""Accepting events while nobody executes them: what a core of the accepting process takes, by each of the ways in.

The rate of a core is events by CPU seconds of the process that accepts: of gunicorn with all its workers, or of this
one. The client runs on the same machine; its own share is shown so that it can be told from the service's. Requests of
1,000 events come over 4 connections, those of one event over 8.
"""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from campaigns import keys
from campaigns.ingest import Accepted, accept
from engine import enqueue
from tests.benchmarks.meter import Meter
from tests.benchmarks.path import waiting
from tests.benchmarks.processes import cpu_of, cpu_seconds, tree
from tests.benchmarks.sender import purchase, zipf
from tests.benchmarks.suite import Case, Column, Figures, Suite
from tests.benchmarks.suites.latency import p99
from tests.benchmarks.web import Call, send, web
from tests.benchmarks.world import Scene

EVENTS = int(os.environ.get("EVENTS", "60000"))
SINGLE_EVENTS = max(1, EVENTS // 20)
BATCH = 1_000
TARGET = 20_000  #: events a second of a core, by HTTP in bulk
BULK_CONNECTIONS, SINGLE_CONNECTIONS = 4, 8
WARM_REQUESTS = 200  #: of one event: each process of gunicorn has seen each tenant

BULK = f"HTTP, {BATCH:,} events a request"

COLUMNS = (
    Column("of_target", f"of {TARGET:,} a core", ".2f"),
    Column("of_bulk", "of HTTP bulk", ".2f"),
    Column("per_core", "events/s a core"),
    Column("events", "events/s"),
    Column("accepting_ms", "CPU ms an event", ".4f"),
    Column("redis_ms", "Redis", ".4f"),
    Column("postgres_ms", "PostgreSQL", ".4f"),
    Column("client_ms", "client", ".4f"),
    Column("p50_ms", "request p50 ms", ".1f"),
    Column("p99_ms", "request p99 ms", ".1f"),
)

Batch = tuple[str, list[dict[str, Any]]]


def suite() -> Suite:
    """The ways in, 12 unequal tenants."""
    cases = [
        Case(BULK, partial(_http, EVENTS, BATCH, BULK_CONNECTIONS)),
        Case("HTTP, 1 event a request", partial(_http, SINGLE_EVENTS, 1, SINGLE_CONNECTIONS)),
        Case(f"in process: accept of {BATCH:,}", partial(_inside, _accept)),
        Case(f"in process: push of {BATCH:,}", partial(_inside, _push)),
    ]
    return Suite("accepting, nobody executing", cases, COLUMNS, compare)


def compare(rows: Mapping[str, Figures]) -> None:
    """Rates of a core."""
    for figures in rows.values():
        figures["of_target"] = figures["per_core"] / TARGET
        figures["of_bulk"] = figures["per_core"] / rows[BULK]["per_core"]


def _http(count: int, size: int, connections: int, seed: int) -> Figures:
    scene = Scene()
    scene.reset()
    texts = {tenant: keys.issue(tenant, name="benchmark")[1] for tenant in scene.names()}
    warm = [Call(texts[tenant], lines(raw)) for tenant, raw in batches(WARM_REQUESTS, 1, scene.names(), seed=99)]
    load = [Call(texts[tenant], lines(raw)) for tenant, raw in batches(count, size, scene.names(), seed=seed)]
    with web() as service:
        send(service.port, warm, connections)
        meter = Meter({"accepting": lambda: cpu_of(tree(service.pid)), "client": _own})
        meter.start()
        took = send(service.port, load, connections)
        figures = _figures(meter, count)
    _check(count + len(warm))
    return figures | {"p50_ms": statistics.median(took) * 1000, "p99_ms": p99(took) * 1000}


def _inside(do: Callable[[Scene, int], Callable[[], None]], seed: int) -> Figures:
    """What `do` makes ready is done in this process."""
    scene = Scene()
    scene.reset()
    for number in (99, seed):  # the first only warms
        run = do(scene, number)
        meter = Meter({"accepting": _own})
        meter.start()
        run()
        figures = _figures(meter, EVENTS)
    _check(2 * EVENTS)
    return figures


def _accept(scene: Scene, seed: int) -> Callable[[], None]:
    load = list(batches(EVENTS, BATCH, scene.names(), seed=seed))

    def run() -> None:
        for tenant, raw in load:
            outcomes = accept(tenant, raw, "api", datetime.now(UTC))
            assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes[0]

    return run


def _push(scene: Scene, seed: int) -> Callable[[], None]:
    events = scene.events(EVENTS, seed=seed)

    def run() -> None:
        for first in range(0, EVENTS, BATCH):
            enqueue.push(events[first : first + BATCH])

    return run


def _own() -> float:
    return cpu_seconds(os.getpid())


def _figures(meter: Meter, count: int) -> Figures:
    """A CPU second by million events is a millisecond by thousand."""
    figures = meter.read(events=count, actions=count)
    figures |= {f"{role}_ms": figures[f"cpu_{role}"] / 1000 for role in (*meter.roles, "redis", "postgres")}
    return figures | {"per_core": 1e6 / figures["cpu_accepting"]}


def _check(expected: int) -> None:
    """All of it is in lanes: nothing was refused, nothing went to PostgreSQL."""
    found = waiting(Scene.tenants)
    if found != expected:
        raise RuntimeError(f"{found} events wait in lanes, not {expected}")


def batches(count: int, size: int, tenants: Sequence[str], *, seed: int) -> Iterator[Batch]:
    """Purchases as clients send them, so many at a time, each time of a tenant by Zipf's law."""
    chance = random.Random(seed)
    for first in range(0, count, size):
        (tenant,) = chance.choices(tenants, zipf(tenants))
        yield tenant, [purchase(chance, f"{seed}-{first + number}") for number in range(min(size, count - first))]


def lines(raw: Sequence[dict[str, Any]]) -> bytes:
    """A line of JSON each."""
    return b"".join(msgspec.json.encode(one) + b"\n" for one in raw)
