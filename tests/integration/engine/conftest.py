"""Lanes on the real Valkey, with limits that a test can see."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
import redis

from engine import control, tasks
from engine.conf import EngineConf
from engine.lanes import Cost, LaneOutcome, Lanes
from engine.lanes import lanes as lanes_of_process
from tests import handler
from tests.acceptance.harness import register
from tests.integration.engine.bundles import Connect, executor
from tests.integration.engine.spilling import Node

PREFIX = "{fairlane}:"


@pytest.fixture
def make_lanes(valkey: redis.Redis) -> Callable[..., Lanes]:
    """Lanes with other settings than the defaults; a tenant of unknown cost may lease 8 events at once."""

    def make(client: redis.Redis = valkey, **settings: object) -> Lanes:
        return Lanes(client, EngineConf(redis_url=os.environ["REDIS_URL"], **{"probe_events": 8} | settings))

    return make


@pytest.fixture
def lanes(make_lanes: Callable[..., Lanes]) -> Lanes:
    return make_lanes()


@pytest.fixture
def effects(clean: None) -> Iterator[None]:
    """The table that tests/handler.py writes; the server may have been restarted meanwhile."""
    with handler.table(os.environ["OWNER_DATABASE_URL"]):
        yield


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connections as a worker process makes them."""
    opened: list[psycopg.Connection] = []

    def open_one(url: str = "", **settings: str) -> psycopg.Connection:
        connection = tasks._connect(url or os.environ["WORKER_DATABASE_URL"])
        opened.append(connection)
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Connect) -> psycopg.Connection:
    return connect()


@pytest.fixture
def small_lanes(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tenants with one lane each, which holds three events."""
    control._lane_counts.clear()
    register("whale", "minnow")
    for tenant in ("whale", "minnow"):
        monkeypatch.setitem(control._lane_counts, tenant, 1)
    monkeypatch.setattr(lanes_of_process(), "settings", replace(lanes_of_process().settings, lane_limit=3))


@pytest.fixture
def watch(connect: Connect) -> psycopg.Connection:
    """Sees every tenant."""
    return connect()


@pytest.fixture
def make_node(connect: Connect) -> Callable[..., Node]:
    """Nodes that execute with tests/handler.py, each on its own connection."""
    return lambda **settings: Node(executor(connect(), **settings))


@pytest.fixture
def node(make_node: Callable[..., Node]) -> Node:
    return make_node()


def lease(lanes: Lanes, bundle: str) -> list[tuple[str, int, int]]:
    return lanes.lease(bundle, "node:1", "default")


def settle(lanes: Lanes, bundle: str, *outcomes: LaneOutcome, **seconds: float) -> int:
    """With the cost of each tenant in seconds for all its events."""
    events = {tenant: sum(one.done for one in outcomes if one.tenant == tenant) for tenant in seconds}
    cost = {tenant: Cost(spent, max(1, events[tenant])) for tenant, spent in seconds.items()}
    return lanes.settle(bundle, outcomes, cost)


def let_expire(valkey: redis.Redis, bundle: str) -> None:
    """As if the lease time had passed."""
    assert valkey.zadd(PREFIX + "bundles", {bundle: 1}, xx=True, ch=True) == 1


def let_wait_end(valkey: redis.Redis) -> None:
    """As if the wait of all lanes that were set aside had passed."""
    for place in valkey.zrange(PREFIX + "later", 0, -1):
        valkey.zadd(PREFIX + "later", {place: 1})


def names(valkey: redis.Redis) -> set[str]:
    """Every key there is, less the prefix."""
    return {key.decode().removeprefix(PREFIX) for key in valkey.scan_iter(count=1000)}


def know_cost(lanes: Lanes, tenant: str) -> None:
    """A first bundle that did nothing and took 0.1 ms."""
    lease(lanes, "first")
    lanes.settle("first", [], {tenant: Cost(0.0001, 1)})
