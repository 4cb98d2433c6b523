"""Shares of worker time: by weight, whatever the backlog or the cost; in virtual time, with no clock.

One slot leases, "works" for a made-up time and settles, thousands of times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import redis

from engine.lanes import Cost, LaneOutcome, Lanes
from tests.events import raw
from tests.integration.engine.conftest import lease, let_expire, names, settle

#: Seconds one event takes.
Seconds = dict[str, float]


@pytest.fixture
def one_by_one(make_lanes: Callable[..., Lanes]) -> Lanes:
    """One event a lease: the choice of the tenant is all there is."""
    return make_lanes(bundle_lanes=1, bundle_events=1, bundle_seconds=1, lane_limit=10_000_000)


def fill(lanes: Lanes, tenant: str, count: int, lane: int = 0) -> None:
    lanes.push([(tenant, lane, raw(tenant, "ada", count))])


def run(lanes: Lanes, leases: int, cost: Seconds) -> Iterator[tuple[str, float]]:
    """Each turn: who worked, how long."""
    for number in range(leases):
        ((tenant, lane, count),) = lease(lanes, f"turn{number}")
        spent = cost[tenant] * count
        settle(lanes, f"turn{number}", LaneOutcome(tenant, lane, count), **{tenant: spent})
        yield tenant, spent


def seconds(turns: Iterator[tuple[str, float]]) -> Counter[str]:
    spent: Counter[str] = Counter()
    for tenant, each in turns:
        spent[tenant] += each  # type: ignore[assignment]
    return spent


def test_equal_tenants_take_turns(one_by_one: Lanes) -> None:
    for tenant in ("whale", "perch", "minnow"):
        fill(one_by_one, tenant, 1000 if tenant == "whale" else 100)

    turns = [tenant for tenant, _ in run(one_by_one, 300, {"whale": 0.01, "perch": 0.01, "minnow": 0.01})]

    assert all(set(turns[at : at + 3]) == {"whale", "perch", "minnow"} for at in range(0, 300, 3))
    assert turns[3:6] * 99 == turns[3:]


@pytest.mark.parametrize("events", [1, 10], ids=["single events", "batches of ten"])
def test_weights_three_to_one_within_two_percent(make_lanes: Callable[..., Lanes], events: int) -> None:
    lanes = make_lanes(bundle_lanes=1, bundle_events=events, bundle_seconds=1, lane_limit=10_000_000)
    lanes.configure("whale", 3, 0, "default")
    cost = {"whale": 0.007, "minnow": 0.031}
    for tenant in cost:
        fill(lanes, tenant, 11_000)

    spent = seconds(run(lanes, 1000, cost))

    assert spent["whale"] / spent["minnow"] == pytest.approx(3, rel=0.02)


def test_a_tenant_of_costly_events_gets_no_more_time(make_lanes: Callable[..., Lanes]) -> None:
    """Counting events, the costly tenant would get 80 times the time of the cheap one."""
    lanes = make_lanes(bundle_lanes=1, bundle_events=100, bundle_seconds=0.1, lane_limit=10_000_000)
    cost = {"cheap": 0.001, "costly": 0.080}
    for tenant in cost:
        fill(lanes, tenant, 100_000)

    spent = seconds(run(lanes, 1000, cost))

    assert spent["costly"] / spent["cheap"] == pytest.approx(1, rel=0.02)


def test_a_tenant_that_becomes_costly_pays_for_it(make_lanes: Callable[..., Lanes]) -> None:
    lanes = make_lanes(bundle_lanes=1, bundle_events=10, bundle_seconds=1, lane_limit=10_000_000)
    cost = {"whale": 0.001, "minnow": 0.001}
    for tenant in cost:
        fill(lanes, tenant, 20_000)

    first = seconds(run(lanes, 200, cost))
    cost["whale"] = 0.100
    later = seconds(run(lanes, 800, cost))

    assert first["whale"] == pytest.approx(first["minnow"], rel=0.02)
    assert (later["whale"]) / (later["minnow"]) == pytest.approx(1, rel=0.1)


def test_what_one_does_not_use_goes_to_the_others(one_by_one: Lanes) -> None:
    cost = {"whale": 0.01, "perch": 0.01, "minnow": 0.01}
    fill(one_by_one, "whale", 500)
    fill(one_by_one, "perch", 500)
    fill(one_by_one, "minnow", 10)

    spent = seconds(run(one_by_one, 310, cost))

    assert spent["minnow"] == pytest.approx(0.1)
    assert spent["whale"] == pytest.approx(1.5, abs=0.011)


def test_a_quiet_tenant_is_next_whatever_the_backlog_of_another(one_by_one: Lanes) -> None:
    fill(one_by_one, "whale", 50_000)
    list(run(one_by_one, 100, {"whale": 0.01}))

    fill(one_by_one, "minnow", 1)

    turns = [tenant for tenant, _ in run(one_by_one, 2, {"whale": 0.01, "minnow": 0.01})]
    assert "minnow" in turns


def test_idling_earns_no_credit(one_by_one: Lanes) -> None:
    cost = {"whale": 0.01, "minnow": 0.01}
    fill(one_by_one, "minnow", 1)
    fill(one_by_one, "whale", 2000)
    list(run(one_by_one, 1000, cost))

    fill(one_by_one, "minnow", 500)

    turns = [tenant for tenant, _ in run(one_by_one, 100, cost)]
    assert turns.count("minnow") in (50, 51)
    assert not any(turns[at] == turns[at + 1] == "minnow" for at in range(1, 99))


def test_having_one_busy_lane_earns_no_credit(make_lanes: Callable[..., Lanes]) -> None:
    """Two slots. Minnow has one lane, always in work: it cannot use more, so it is owed nothing later."""
    lanes = make_lanes(bundle_lanes=1, bundle_events=1, bundle_seconds=1)
    for lane in range(4):
        fill(lanes, "whale", 1000, lane)
    fill(lanes, "minnow", 500)
    for number in range(100):
        assert lease(lanes, f"slow{number}") == [("minnow", 0, 1)]
        _finish(lanes, f"slow{number}", others=10)

    for lane in range(4):
        fill(lanes, "minnow", 500, lane)

    turns = [tenant for tenant, _ in run(lanes, 100, {"whale": 0.01, "minnow": 0.01})]
    assert turns.count("minnow") <= 55


def _finish(lanes: Lanes, slow: str, others: int) -> None:
    """While one bundle works for 10 ms times `others`, the other slot does that many of 10 ms."""
    for number in range(others):
        bundle = f"{slow}-{number}"
        ((tenant, lane, _),) = lease(lanes, bundle)
        settle(lanes, bundle, LaneOutcome(tenant, lane, 1), **{tenant: 0.01})
    for lane in lanes.fetch(slow) or []:
        settle(lanes, slow, LaneOutcome(lane.tenant, lane.lane, 1), **{lane.tenant: 0.01})


def test_a_debt_is_kept_while_idle(one_by_one: Lanes, valkey: redis.Redis) -> None:
    """Emptying its lanes for a moment does not free a tenant of what it used."""
    fill(one_by_one, "whale", 1000)
    fill(one_by_one, "minnow", 1)
    list(run(one_by_one, 2, {"whale": 0.01, "minnow": 1.0}))
    assert valkey.zscore("{fairlane}:debt:default", "minnow") is not None

    fill(one_by_one, "minnow", 10)

    turns = [tenant for tenant, _ in run(one_by_one, 110, {"whale": 0.01, "minnow": 0.01})]
    assert 95 <= turns.index("minnow") <= 101


def test_a_change_of_its_share_is_no_amnesty(one_by_one: Lanes) -> None:
    fill(one_by_one, "whale", 1000)
    fill(one_by_one, "minnow", 1)
    list(run(one_by_one, 2, {"whale": 0.01, "minnow": 1.0}))
    one_by_one.configure("minnow", 2, 0, "default")

    fill(one_by_one, "minnow", 10)

    turns = [tenant for tenant, _ in run(one_by_one, 110, {"whale": 0.01, "minnow": 0.01})]
    assert 95 <= turns.index("minnow") <= 101


def test_a_debt_is_forgotten_when_the_others_have_caught_up(one_by_one: Lanes, valkey: redis.Redis) -> None:
    fill(one_by_one, "whale", 1000)
    fill(one_by_one, "minnow", 1)
    list(run(one_by_one, 2, {"whale": 0.01, "minnow": 0.2}))

    list(run(one_by_one, 30, {"whale": 0.01}))

    assert valkey.zscore("{fairlane}:debt:default", "minnow") is None
    fill(one_by_one, "minnow", 1)
    assert "minnow" in [tenant for tenant, _ in run(one_by_one, 2, {"whale": 0.01, "minnow": 0.01})]


def test_a_cap_holds_under_many_leases_and_deaths(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=2, bundle_events=2, bundle_seconds=1)
    lanes.configure("whale", 1, 3, "default")
    for lane in range(16):
        fill(lanes, "whale", 100, lane)
    fill(lanes, "minnow", 500)
    live: list[str] = []
    most = 0
    for number in range(400):
        bundle = f"b{number}"
        if lease(lanes, bundle):
            live.append(bundle)
        most = max(most, valkey.hlen("{fairlane}:work:whale"))
        if len(live) > 3:
            oldest = live.pop(0)
            rows = lanes.fetch(oldest) or []
            if number % 7 == 0:
                let_expire(valkey, oldest)
                lanes.sweep(["default"])
                settle(lanes, oldest, *[LaneOutcome(row.tenant, row.lane, 1) for row in rows])
            elif number % 5 == 0:
                lanes.release([oldest], blame=False)
                lanes.release([oldest], blame=False)
            else:
                settle(lanes, oldest, *[LaneOutcome(row.tenant, row.lane, 1) for row in rows])

    assert most == 3
    for bundle in live:
        lanes.release([bundle], blame=False)
    assert valkey.hlen("{fairlane}:work:whale") == 0


def test_a_capped_tenant_gets_no_credit_for_its_cap(make_lanes: Callable[..., Lanes]) -> None:
    lanes = make_lanes(bundle_lanes=1, bundle_events=1, bundle_seconds=1)
    lanes.configure("minnow", 1, 1, "default")
    for lane in range(4):
        fill(lanes, "whale", 1000, lane)
        fill(lanes, "minnow", 500, lane)
    for number in range(50):
        lease(lanes, f"slow{number}")
        _finish(lanes, f"slow{number}", others=10)

    lanes.configure("minnow", 1, 0, "default")

    turns = [tenant for tenant, _ in run(lanes, 100, {"whale": 0.01, "minnow": 0.01})]
    assert turns.count("minnow") <= 55


def test_tenants_that_ran_once_leave_nothing_behind(lanes: Lanes, valkey: redis.Redis) -> None:
    for first in range(0, 10_000, 1000):
        lanes.push([(f"tenant-{n}", 0, raw("any", "ada", 1)) for n in range(first, first + 1000)])
    done = 0
    while rows := lease(lanes, f"b{done}"):
        cost = {tenant: Cost(0.001 * (1 + number % 7), 1) for number, (tenant, _, _) in enumerate(rows)}
        lanes.settle(f"b{done}", [LaneOutcome(tenant, lane, count) for tenant, lane, count in rows], cost)
        done += len(rows)

    assert done == 10_000
    lanes.sweep(["default"])
    assert names(valkey) <= {"clock:default", "lanes", "counts"}
