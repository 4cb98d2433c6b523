"""Promise 8. Speed: the cost per action falls with batching; the cost per lease does not grow with the number of
tenants.

Ratios of medians within one run, taken in turns: what else the machine does meets all of them alike.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator

import psycopg
import pytest
import redis

from campaigns.handler import handle
from engine import tasks
from engine.conf import EngineConf
from engine.executor import Executor
from engine.lanes import FetchedLane, Lanes
from engine.types import Event, encode
from tests.benchmarks import world
from tests.integration.engine.bundles import executor

ROUNDS = 7
SIZES = (1, 10, 100)
EVENTS = 100  #: of each size in each round

FEW, MANY = 100, 100_000  #: tenants
LEASES = 200


@pytest.fixture
def node(clean: None) -> Iterator[Executor]:
    """Executes with the campaigns: one event is three actions."""
    world.reset(world.names(2))
    connection: psycopg.Connection = tasks._connect(os.environ["WORKER_DATABASE_URL"])
    yield executor(connection, handle)
    connection.close()


def bundle_of(events: list[Event]) -> list[FetchedLane]:
    """A lane for each tenant."""
    by_tenant = {tenant: [encode(one) for one in events if one.tenant == tenant] for tenant in world.names(2)}
    return [FetchedLane(tenant, 0, 0, raw) for tenant, raw in by_tenant.items() if raw]


def seconds_per_event(node: Executor, events: list[Event], size: int) -> float:
    bundles = [bundle_of(events[first : first + size]) for first in range(0, len(events), size)]
    started = time.perf_counter()
    reports = [node.execute(bundle) for bundle in bundles]
    seconds = time.perf_counter() - started
    assert sum(outcome.done for report in reports for outcome in report.outcomes.values()) == len(events)
    return seconds / len(events)


def test_an_action_costs_less_the_more_are_done_together(node: Executor) -> None:
    """Three actions an event, so bundles of 3, 30 and 300 actions."""
    node.execute(bundle_of(world.events(20, world.names(2), seed=0)))
    costs: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(ROUNDS):
        for size in SIZES:
            events = world.events(EVENTS, world.names(2), seed=1 + number * 1000 + size)
            costs[size].append(seconds_per_event(node, events, size))

    one, ten, hundred = (statistics.median(costs[size]) for size in SIZES)
    assert ten < 0.6 * one
    assert hundred < 0.6 * ten


def active(valkey: redis.Redis, prefix: str, tenants: int) -> Lanes:
    """A shard of its own with so many tenants that each have an event waiting."""
    lanes = Lanes(valkey, EngineConf(redis_url=os.environ["REDIS_URL"], prefix=prefix, bundle_lanes=8))
    raw = [encode(world.events(1, ["t"])[0])]
    for first in range(0, tenants, 1000):
        lanes.push([(f"t{number:06d}", 0, raw) for number in range(first, min(tenants, first + 1000))])
    return lanes


def seconds_of_lease(lanes: Lanes, bundle: str) -> float:
    started = time.perf_counter()
    leased = lanes.lease(bundle, "node:1", "default")
    seconds = time.perf_counter() - started
    assert leased
    lanes.settle(bundle, [], {})
    return seconds


def test_a_lease_costs_the_same_whether_a_hundred_tenants_are_active_or_a_hundred_thousand(
    valkey: redis.Redis,
) -> None:
    few, many = active(valkey, "{few}:", FEW), active(valkey, "{many}:", MANY)
    costs: dict[int, list[float]] = {FEW: [], MANY: []}
    for number in range(LEASES):
        costs[FEW].append(seconds_of_lease(few, f"bundle-{number}"))
        costs[MANY].append(seconds_of_lease(many, f"bundle-{number}"))

    assert (few.look(0)["total"], many.look(0)["total"]) == (FEW, MANY)
    assert statistics.median(costs[MANY]) < 1.5 * statistics.median(costs[FEW])
