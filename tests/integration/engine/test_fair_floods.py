"""A million waiting events of one tenant in 100,000 ready lanes change little for 1,000 quiet tenants.

The real scripts, four workers in virtual time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
import redis

from engine.lanes import Lanes
from tests.integration.engine.conftest import PREFIX
from tests.integration.engine.patched import PatchedLanes
from tests.integration.engine.virtual import RealScheduler
from tests.simulator.figures import Waits, percentile
from tests.simulator.workers import Arrival, Workers

WORKERS, SECONDS = 4, 6
QUIET, OWN_MS = 1_000, {"whale": 1.0, "quiet": 2.0}
BUDGET_MS = 80.0


def quiet_events(seed: int, load: float = 0.3) -> Iterator[Arrival]:
    """One at a time at random, together so much of the workers' time (a bundle costs 3 ms beside its events)."""
    dice, now = random.Random(seed), 0.0
    while True:
        now += dice.expovariate(load * WORKERS / (OWN_MS["quiet"] + 3))
        yield now, [(f"quiet-{dice.randrange(QUIET):03}", dice.randrange(4), 1)]


def flood(lanes: Lanes, count: int, each: int = 10) -> None:
    """So many ready lanes of the whale."""
    RealScheduler(lanes).push([("whale", lane, each) for lane in range(count)])


def waits(lanes: Lanes, seed: int = 7) -> Waits:
    """How long quiet tenants' events waited."""
    dice, seen = random.Random(seed), Waits("quiet")
    node = Workers(
        RealScheduler(lanes), WORKERS, lambda tenant: OWN_MS[tenant.split("-")[0]] * dice.uniform(0.5, 1.5), [seen]
    )
    node.run(quiet_events(seed), SECONDS * 1000)
    return seen


@pytest.fixture
def lanes(make_lanes: Callable[..., Lanes]) -> Lanes:
    return make_lanes(probe_events=1, lease_seconds=600)


def test_a_flood_of_one_tenant_is_no_wait_for_the_quiet(lanes: Lanes, valkey: redis.Redis) -> None:
    alone = waits(lanes)
    valkey.flushdb()
    flood(lanes, 100_000)
    assert valkey.zcard(PREFIX + "ready:whale") == 100_000
    assert valkey.zscore(PREFIX + "depth", "whale") == 1_000_000

    beside = waits(lanes)

    for name, seen in (("without the flood", alone), ("with it", beside)):
        begun, done = percentile(seen.begun, 99), percentile(seen.done, 99)
        print(f"\n{name}: {len(seen.begun):,} events, p99 until begun {begun:.0f} ms, until done {done:.0f} ms", end="")
    assert len(beside.begun) > 0.95 * len(alone.begun) > 1_000
    assert percentile(beside.begun, 99) <= 2 * percentile(alone.begun, 99) + BUDGET_MS
    assert percentile(beside.done, 99) <= 2 * percentile(alone.done, 99) + 2 * BUDGET_MS  # in a bundle with the whale's
    assert valkey.zscore(PREFIX + "depth", "whale") < 990_000  # what they leave is the whale's


def test_in_order_of_arrival_the_quiet_would_wait_for_all_of_the_flood(
    make_lanes: Callable[..., Lanes], valkey: redis.Redis
) -> None:
    """The control: who comes back starts at no clock, but behind everybody."""
    settings = make_lanes(probe_events=1, lease_seconds=600).settings
    patched = PatchedLanes(
        valkey, settings, {"at < clock_now then at = clock_now end": "true then at = clock_now + 1e9 end"}
    )
    flood(patched, 1_000)

    seen = waits(patched)

    assert percentile(seen.begun or [1e9], 99) > 4 * BUDGET_MS
