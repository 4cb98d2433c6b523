"""Promise 4. Fair: tenants share worker time by weight, whatever their backlog or the cost of their actions;
a quiet tenant's wait does not depend on a flood of another.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import LiteralString

import pytest
from psycopg.types.json import Jsonb

from engine import enqueue
from engine.lanes import lanes
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event
from tests.simulator.figures import jain

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


#: Twenty tenants that are always busy, with events of 5 to 400 ms.
COSTS = {f"busy-{number:02}": 0.005 * 80 ** (number / 19) for number in range(20)}
WINDOWS, WINDOW_SECONDS, NODE = 3, 10.0, 8


def test_twenty_busy_tenants_use_the_same_time_in_each_ten_seconds(start: Start, effects: Effects) -> None:
    """From the first moment on: nothing is known of anybody then."""
    register(*COSTS)
    enough = NODE * (WINDOWS + 2) * WINDOW_SECONDS / len(COSTS)
    for tenant, seconds in COSTS.items():
        flood(tenant, int(2 * enough / seconds), seconds)
    start(concurrency=NODE)
    wait_until(lambda: effects.count() > 0, "no progress")
    begin = moment(effects, "SELECT min(begun) FROM effects")
    end = begin + WINDOWS * WINDOW_SECONDS
    wait_until(lambda: moment(effects, "SELECT max(at) FROM effects") > end + 1, "no progress", seconds=90)

    windows = [time_used(effects, begin + n * WINDOW_SECONDS, WINDOW_SECONDS) for n in range(WINDOWS)]
    shares = time_used(effects, begin, WINDOWS * WINDOW_SECONDS)
    fair = sum(shares.values()) / len(COSTS)
    print(f"\nJain's index of {WINDOWS} windows: {[round(jain(used.values()), 4) for used in windows]}")
    print(f"shares over what is fair: {min(shares.values()) / fair:.3f} to {max(shares.values()) / fair:.3f}")
    assert min(jain(used.values()) for used in windows) >= 0.99
    assert all(abs(used / fair - 1) <= 0.05 for used in shares.values())


def moment(effects: Effects, query: LiteralString) -> float:
    """In seconds of PostgreSQL's clock, which the effects have."""
    row = effects.watch.execute(query).fetchone()
    assert row is not None
    return row[0].timestamp()


def time_used(effects: Effects, begin: float, seconds: float) -> dict[str, float]:
    """Seconds of workers that each tenant used within a window.

    What a transaction takes beside its events' own time is shared by its events. An event at an edge counts with
    the part inside.
    """
    window = {"begin": begin, "end": begin + seconds, "costs": Jsonb(COSTS)}
    return dict(effects.watch.execute(TIME_USED, window).fetchall())


TIME_USED = """
WITH of_event AS (
    SELECT e.tenant_id, extract(epoch FROM e.at)::float8 AS ended, c.value::float8 + (
               extract(epoch FROM max(e.at) OVER w - e.begun)::float8 - sum(c.value::float8) OVER w
           ) / count(*) OVER w AS took
    FROM effects AS e JOIN jsonb_each_text(%(costs)s) AS c ON c.key = e.tenant_id
    WINDOW w AS (PARTITION BY e.transaction)
)
SELECT tenant_id, sum(greatest(0, least(%(end)s, ended) - greatest(%(begin)s, ended - took)))
FROM of_event
GROUP BY tenant_id
"""
