"""Promise 4. Fair: tenants share worker time by weight, whatever their backlog or the cost of their actions;
a quiet tenant's wait does not depend on a flood of another.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest

from engine import enqueue
from engine.lanes import lanes
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def flood(tenant: str, count: int, seconds: float, leads: int = 64) -> None:
    """Work for count times seconds, spread over many leads and so over all lanes."""
    enqueue.push(
        [event(tenant, f"{tenant}{n % leads}", f"{tenant}-{n}", "slow", n=n, seconds=seconds) for n in range(count)]
    )


@pytest.mark.parametrize("backlog", [1_000, 20_000])
def test_a_quiet_tenants_wait_does_not_depend_on_a_flood(start: Start, effects: Effects, backlog: int) -> None:
    """Behind 20,000 events of 5 ms it would wait 50 seconds in one queue."""
    flood("whale", backlog, 0.005)
    start()
    wait_until(lambda: effects.count("whale") > 50, "no progress")

    waits = []
    for n in range(10):
        enqueue.push([event("minnow", "bob", f"bob-{n}", n=n)])
        waits.append(wait_until(lambda n=n: effects.count("minnow") > n, "minnow starves", seconds=10))  # type: ignore[misc]

    assert lanes().look_at("whale", 16) and effects.count("whale") < backlog
    assert statistics.median(waits) < 0.5
    assert max(waits) < 3


def test_time_is_shared_by_weight_though_costs_differ(start: Start, effects: Effects) -> None:
    """The whale has weight 3 and events of 10 ms, the minnow weight 1 and events of 40 ms."""
    flood("whale", 3_000, 0.010)
    flood("minnow", 750, 0.040)
    lanes().configure("whale", 3, 0, "default")
    start()
    wait_until(lambda: effects.count() > 40, "no progress")
    before = spent(effects)

    wait_until(lambda: sum(spent(effects).values()) > sum(before.values()) + 10, "no progress")

    whale, minnow = (spent(effects)[tenant] - before[tenant] for tenant in ("whale", "minnow"))
    assert whale / minnow == pytest.approx(3, rel=0.25)


def spent(effects: Effects) -> dict[str, float]:
    """Seconds of work done so far."""
    return {"whale": effects.count("whale") * 0.010, "minnow": effects.count("minnow") * 0.040}
