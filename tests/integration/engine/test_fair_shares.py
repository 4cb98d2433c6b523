"""Twenty tenants that are always busy, with events of 5 to 400 ms: Jain's index of worker time, and shares.

The real scripts, workers in virtual time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest
import redis

from engine.lanes import Lanes
from tests.integration.engine.patched import PatchedLanes
from tests.integration.engine.virtual import RealScheduler
from tests.simulator.figures import WorkerTime
from tests.simulator.workers import Workers

TENANTS = [f"tenant-{number:02}" for number in range(20)]
#: Milliseconds of deciding for one event, give or take a half.
OWN_MS = {tenant: 5 * 80 ** (number / 19) for number, tenant in enumerate(TENANTS)}
EQUAL = dict.fromkeys(TENANTS, 1.0)
#: The slowest has the least, so that it has few turns in a window.
UNEQUAL = {tenant: float(5 - number % 5) for number, tenant in enumerate(TENANTS)}


def run(lanes: Lanes, weights: Mapping[str, float], workers: int, seconds: int, seed: int = 7) -> WorkerTime:
    """What each used, from the first moment on: nothing is known of anybody then."""
    dice, used = random.Random(seed), WorkerTime(TENANTS)
    for tenant, weight in weights.items():
        lanes.configure(tenant, weight, 0, "default")
    node = Workers(
        RealScheduler(lanes), workers, lambda tenant: OWN_MS[tenant] * dice.uniform(0.5, 1.5), [used], TENANTS
    )
    node.run([(0, [(tenant, lane, 100) for tenant in TENANTS for lane in range(16)])], seconds * 1000)
    return used


@pytest.mark.parametrize(
    ("weights", "workers", "seconds"), [(EQUAL, 4, 50), (UNEQUAL, 8, 90)], ids=["equal", "unequal"]
)
def test_time_is_shared_by_weight_in_each_ten_seconds(
    make_lanes: Callable[..., Lanes], weights: dict[str, float], workers: int, seconds: int
) -> None:
    used = run(make_lanes(probe_events=1, lease_seconds=600), weights, workers, seconds)

    windows, shares = used.jain(weights), used.shares(weights).values()
    print(f"\nJain's index in the worst of {len(windows)} windows {min(windows):.4f}")
    print(f"shares over what the weight is {min(shares):.3f} to {max(shares):.3f}")
    assert len(windows) == seconds // 10 and min(windows) >= 0.99
    assert min(shares) >= 0.95 and max(shares) <= 1.05


@pytest.mark.parametrize(
    ("patches", "most"),
    [
        ({"at = at + charge / conf.weight": "at = at"}, 0.2),
        ({"return count * math": "return count + 0 * math", "measured[1] - (charges[tenant] or 0) or 0": "0"}, 0.9),
    ],
    ids=["nobody pays", "events are counted instead of time"],
)
def test_without_charging_for_time_it_would_be_seen(
    make_lanes: Callable[..., Lanes], valkey: redis.Redis, patches: dict[str, str], most: float
) -> None:
    settings = make_lanes(probe_events=1, lease_seconds=600).settings

    used = run(PatchedLanes(valkey, settings, patches), EQUAL, workers=4, seconds=20)

    assert max(used.jain(EQUAL)) < most
