"""A tenant's rate: so many events a second are leased and never more; nobody else waits for it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import psycopg
import pytest
import redis

from engine import control, enqueue
from engine.lanes import Cost, LaneOutcome, Lanes, lanes
from tests.events import raw
from tests.integration.engine.bundles import ids
from tests.integration.engine.conftest import PREFIX, know_cost, lease, let_expire, names
from tests.integration.engine.spilling import Node, by_lead, limit, numbered, orders

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def flood(lanes: Lanes, tenant: str, count: int, of: int = 4) -> None:
    lanes.push([(tenant, lane, raw(tenant, f"{tenant}{lane}", count)) for lane in range(of)])


def take(lanes: Lanes, bundle: str, tenant: str = "whale") -> int:
    """Lease and do everything; how many events of the tenant there were."""
    leased = lease(lanes, bundle)
    done = [LaneOutcome(name, lane, count) for name, lane, count in leased]
    lanes.settle(bundle, done, {name: Cost(0.0001 * count, count) for name, _, count in leased})
    return sum(count for name, _, count in leased if name == tenant)


def let_time_pass(valkey: redis.Redis, tenant: str, seconds: float) -> None:
    """As if the tenant had used up its rate so much earlier."""
    key = f"{PREFIX}rate:{tenant}"
    if upto := valkey.get(key):
        valkey.set(key, float(upto) - seconds * 1000)
    if at := valkey.zscore(PREFIX + "limited", tenant):
        valkey.zadd(PREFIX + "limited", {tenant: at - seconds * 1000})


@pytest.fixture
def known(lanes: Lanes) -> Lanes:
    """What both tenants' events cost is known, so that bundles are large."""
    for tenant in ("whale", "minnow"):
        lanes.push([(tenant, 9, raw(tenant, "first", 1))])
        know_cost(lanes, tenant)
    return lanes


def test_no_more_than_a_second_of_events_is_leased_at_once(known: Lanes) -> None:
    flood(known, "whale", 100)
    flood(known, "minnow", 10)
    known.configure("whale", 1, 0, "default", rate=30)

    first = [take(known, f"b{n}") for n in range(3)]

    assert sum(first) == 30
    assert known.waiting("minnow") == 0
    assert {row["tenant"]: row["standing"] for row in known.look()["tenants"]} == {"whale": "limited"}


def test_a_limited_tenant_comes_back_by_itself_when_a_quarter_of_a_second_is_worth_a_lease(
    known: Lanes, valkey: redis.Redis
) -> None:
    flood(known, "whale", 100)
    known.configure("whale", 1, 0, "default", rate=40)
    while take(known, f"b{random.random()}"):
        pass
    assert 0.2 < known.due() < 0.26
    valkey.delete("lanes")

    assert not known.sweep(["default"])
    let_time_pass(valkey, "whale", 0.25)
    assert known.due() == 0
    assert known.sweep(["default"])

    assert valkey.llen("lanes") == 1
    assert 10 <= take(known, "later") <= 12


def test_never_more_than_the_rate_over_any_time(known: Lanes, valkey: redis.Redis) -> None:
    """Leases at random moments: as many events as the rate allows, and one second's more at most at once."""
    choose = random.Random(7)
    flood(known, "whale", 3000)
    known.configure("whale", 1, 0, "default", rate=50)
    clock, taken = 0.0, [(0.0, 0)]
    started = time.monotonic()
    for turn in range(150):
        passed = choose.choice([0.0, 0.01, 0.2, 0.5])
        let_time_pass(valkey, "whale", passed)
        clock += passed
        taken.append((clock + time.monotonic() - started, take(known, f"b{turn}")))

    for first in range(len(taken)):
        total, begin = 0, taken[first][0]
        for moment, count in taken[first:]:
            total += count
            assert total <= 50 * (moment - begin + 1) + 3  # a lease and the look at the clock differ by some ms
    assert sum(count for _, count in taken) > 0.9 * 50 * clock


def test_a_rate_below_one_event_a_second_lets_single_events_through(known: Lanes, valkey: redis.Redis) -> None:
    flood(known, "whale", 5)
    known.configure("whale", 1, 0, "default", rate=0.1)

    assert [take(known, f"b{n}") for n in range(2)] == [1, 0]
    let_time_pass(valkey, "whale", 9.5)
    assert take(known, "early") == 0
    let_time_pass(valkey, "whale", 0.5)
    assert take(known, "due") == 1


def test_waiting_for_its_rate_earns_a_tenant_no_credit(known: Lanes, valkey: redis.Redis) -> None:
    flood(known, "whale", 50)
    known.configure("whale", 1, 0, "default", rate=10)
    while take(known, f"b{random.random()}"):
        pass
    valkey.set(PREFIX + "clock:default", 700)

    let_time_pass(valkey, "whale", 1)
    known.sweep(["default"])

    assert valkey.zscore(PREFIX + "ring:default", "whale") == 700


def test_nothing_is_left_of_a_tenant_that_has_nothing_to_do(known: Lanes, valkey: redis.Redis) -> None:
    known.configure("whale", 1, 0, "default", rate=2)
    flood(known, "whale", 1, of=1)
    while take(known, f"b{random.random()}"):
        pass

    assert "limited" not in names(valkey)
    assert 0 < valkey.pttl(PREFIX + "rate:whale") <= 1000
    known.configure("whale", 1, 0, "default")
    assert not {name for name in names(valkey) if "whale" in name} - {"rate:whale"}


def test_a_change_of_the_rate_acts_at_once_and_gives_no_new_burst(known: Lanes, valkey: redis.Redis) -> None:
    flood(known, "whale", 100)
    known.configure("whale", 1, 0, "default", rate=20)
    assert sum(take(known, f"b{n}") for n in range(3)) == 20

    known.configure("whale", 1, 0, "default", rate=200)
    assert take(known, "b4") <= 5
    let_time_pass(valkey, "whale", 0.3)
    assert take(known, "b5") >= 55
    known.configure("whale", 1, 0, "default")

    assert take(known, "b6") >= 100


def test_what_the_buffer_turns_out_not_to_hold_is_given_back(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 events are leased; only then it is known that there are 6."""
    limit(monkeypatch, lane_limit=0)
    whale, minnow = numbered("whale", "ada", 6), numbered("minnow", "bob", 3)
    enqueue.push(whale)
    control.configure("whale", rate=20)
    node.lease()
    assert [lane.count for lane in node.fetch()] == [8]
    node.settle(node.executor.execute(node.fetch()))
    enqueue.push(minnow)

    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    used = float(lanes().client.get(PREFIX + "rate:whale") or 0) / 1000 - time.time()
    assert used < 6 / 20 + 0.05


def test_what_was_held_long_is_not_given_back(known: Lanes, valkey: redis.Redis) -> None:
    """Else two seconds' events could be leased at once: those given back, and those of the time it took."""
    flood(known, "whale", 100)
    known.configure("whale", 1, 0, "default", rate=50)
    leased = lease(known, "b1")
    assert sum(count for name, _, count in leased if name == "whale") == 50
    valkey.hset(PREFIX + "bundle:b1", "since", int(time.time() * 1000) - 1000)
    let_time_pass(valkey, "whale", 1)
    assert sum(take(known, f"c{n}") for n in range(3)) >= 50

    known.settle("b1", [], {})

    assert sum(take(known, f"d{n}") for n in range(3)) <= 10


def test_a_lease_that_ended_without_an_outcome_counts(known: Lanes, valkey: redis.Redis) -> None:
    """Its events may have been executed."""
    flood(known, "whale", 100)
    known.configure("whale", 1, 0, "default", rate=50)
    lease(known, "b1")
    let_expire(valkey, "b1")

    assert take(known, "b2") <= 2


def test_a_clock_set_back_stops_a_tenant_for_a_minute_at_most(known: Lanes, valkey: redis.Redis) -> None:
    flood(known, "whale", 100)
    known.configure("whale", 1, 0, "default", rate=50)
    valkey.set(PREFIX + "rate:whale", (time.time() + 86400) * 1000)

    assert take(known, "b1") == 0
    assert known.due() < 62


@pytest.mark.parametrize("rate", [-1, 0.0001, float("inf"), float("nan")])
def test_rates_that_cannot_be_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="a rate is"):
        control.configure("whale", rate=rate)


def test_a_rate_is_kept_and_told_again(node: Node, watch: psycopg.Connection) -> None:
    """What is not named stays as it was."""
    control.configure("whale", rate=3)
    control.configure("whale", weight=2, cap=1)
    lanes().client.flushdb()
    enqueue.push([*numbered("whale", "ada", 3), *numbered("minnow", "bob", 3)])

    control.restore()

    row = watch.execute("SELECT weight, cap, rate FROM engine_tenantcontrol WHERE tenant_id = 'whale'").fetchone()
    assert row == (2, 1, 3)
    assert lanes().client.hgetall(PREFIX + "tenant:whale") == {b"weight": b"2", b"cap": b"1", b"rate": b"3"}


def test_no_tenant_waits_for_anothers_rate(make_lanes: Callable[..., Lanes]) -> None:
    """The limited one has the smallest virtual time all along."""
    lanes = make_lanes(bundle_lanes=1)
    flood(lanes, "whale", 100)
    flood(lanes, "minnow", 100, of=16)
    lanes.configure("whale", 1000, 0, "default", rate=1)

    taken = [take(lanes, f"b{n}", "minnow") for n in range(12)]

    assert sum(1 for count in taken if count) >= 10
