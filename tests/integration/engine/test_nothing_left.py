"""100,000 tenants that each ran once leave nothing behind in Redis, whatever was changed about them meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import redis

from engine.lanes import Lanes
from tests.integration.engine.conftest import names
from tests.integration.engine.patched import PatchedLanes
from tests.integration.engine.virtual import RealScheduler
from tests.simulator.workers import Workers

#: All that is left: virtual time, the wake-up mark, counters for people. None of them grows.
CONSTANT = {"clock:default", "lanes", "counts"}
TENANTS, CHANGED = 100_000, 500


def run_once(lanes: Lanes, tenants: int) -> None:
    """An event of each, with different costs; two workers, and one tenant that is busy all the while."""
    dice = random.Random(7)
    node = Workers(RealScheduler(lanes), 2, lambda tenant: dice.choice([0.05, 0.1, 1.0]), always_busy=["whale"])
    crowd = [(f"tenant-{number}", 0, 1) for number in range(tenants)]
    node.run([(0, [("whale", 0, 5)]), (1, crowd)], until=tenants)
    node.drain()


@pytest.fixture
def lanes(make_lanes: Callable[..., Lanes]) -> Lanes:
    return make_lanes(probe_events=1, lease_seconds=600)


@pytest.mark.benchmark
def test_tenants_that_ran_once_leave_nothing_behind(lanes: Lanes, valkey: redis.Redis) -> None:
    run_once(lanes, TENANTS)

    assert valkey.hget("{fairlane}:counts", "direct") is not None
    assert names(valkey) <= CONSTANT
    assert all(valkey.memory_usage(key) < 1_000 for key in valkey.scan_iter(count=1000))


def test_shares_that_were_changed_and_set_back_leave_nothing_behind(lanes: Lanes, valkey: redis.Redis) -> None:
    for number in range(CHANGED):
        lanes.configure(f"tenant-{number}", 0.5 + number % 3, number % 4, "default")
    run_once(lanes, CHANGED)
    assert {f"tenant:tenant-{number}" for number in range(0, CHANGED, 7)} & names(valkey)

    for number in range(CHANGED):
        lanes.configure(f"tenant-{number}", 1, 0, "default")

    assert names(valkey) <= CONSTANT


def test_debts_of_those_who_ran_once_do_not_gather_while_another_is_always_busy(
    lanes: Lanes, valkey: redis.Redis
) -> None:
    """Also where the ring never is empty, so that nothing ends but by being paid."""
    dice = random.Random(7)
    node = Workers(RealScheduler(lanes), 2, lambda tenant: dice.choice([0.05, 0.1, 1.0]), always_busy=["whale"])
    whale = [("whale", lane, 50) for lane in range(64)]

    node.run([(0, whale), (1, [(f"tenant-{number}", 0, 1) for number in range(2_000)])], until=6_000)

    assert valkey.zcard("{fairlane}:ring:default") == 1
    assert {"debt:default"} & names(valkey) == set()
    assert valkey.hlen("{fairlane}:cost:default") == 1


def test_without_forgetting_debts_it_would_be_seen(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    settings = make_lanes(probe_events=1, lease_seconds=600).settings
    patched = PatchedLanes(
        valkey, settings, {"local debt = debt_key(database)\n": "if true then return end\nlocal debt\n"}
    )

    run_once(patched, 500)

    assert names(valkey) - CONSTANT >= {"debt:default", "cost:default"}
