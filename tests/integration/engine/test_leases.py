"""Leases that end without an outcome: given back, expired, blamed, set aside; and waking those who take over."""

from __future__ import annotations

from collections.abc import Callable

import redis

from engine.lanes import FetchedLane, LaneOutcome, Lanes
from tests.events import raw
from tests.integration.engine.conftest import know_cost, lease, let_expire, let_wait_end, names, settle

WAKE = "lanes"


def test_a_release_gives_back_what_was_leased_and_blames_nobody(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "b1")
    lanes.fetch("b1")

    assert lanes.release(["b1"], blame=False) == 1
    assert lanes.release(["b1"], blame=False) == 0

    assert lease(lanes, "b2") == [("whale", 0, 5)]
    assert lanes.fetch("b2") == [FetchedLane("whale", 0, 0, raw("whale", "ada", 5))]


def test_a_release_may_set_its_lanes_aside(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "b1")

    lanes.release(["b1"], blame=False, wait=60)

    assert lease(lanes, "b2") == []
    let_wait_end(valkey)
    assert lease(lanes, "b3") == [("whale", 0, 5)]


def test_an_expired_lease_is_taken_over_by_the_next(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "b1")
    let_expire(valkey, "b1")

    assert lease(lanes, "b2") == [("whale", 0, 5)]  # nobody had begun it, so it is not to blame


def test_a_lease_that_is_renewed_does_not_expire(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(lease_seconds=60)
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "b1")
    let_expire(valkey, "b1")

    assert lanes.renew(["b1"]) == []

    assert lease(lanes, "b2") == []
    assert 59_000 < lanes.look_at("whale", 1)[0]["left_ms"] <= 60_000


def test_the_lanes_of_a_dead_executor_run_alone_then_ever_fewer_events_at_once(
    lanes: Lanes, valkey: redis.Redis
) -> None:
    """20 events with a killer at place 13, beside an innocent lane: the killer is found in six deaths."""
    lanes.push([("whale", 0, raw("whale", "ada", 20)), ("minnow", 0, raw("minnow", "bob", 2))])
    killer = raw("whale", "ada", 1, first=13)[0]
    know_cost(lanes, "whale")

    leased, deaths = [], 0
    for number in range(40):
        if not lease(lanes, f"b{number}"):
            break
        fetched = lanes.fetch(f"b{number}") or []
        leased.append([(lane.tenant, lane.tries, len(lane.events)) for lane in fetched])
        if fetched[0].tries < 3 and any(killer in lane.events for lane in fetched):
            deaths += 1
            lanes.release([f"b{number}"], blame=True)
        else:
            settle(lanes, f"b{number}", *(LaneOutcome(one.tenant, one.lane, len(one.events)) for one in fetched))

    assert deaths == 6
    assert [one for one in leased if one[0][0] == "minnow" or len(one) > 1][-1] == [("minnow", 0, 2)]
    whale = [one[0] for one in leased if one[0][0] == "whale" and len(one) == 1]
    assert whale[:9] == [("whale", 0, 20)] + [("whale", 0, 2)] * 7 + [("whale", 0, 1)]
    assert [tries for _, tries, _ in whale].count(3) == 1
    assert not names(valkey) & {"suspects", "narrow", "attempts"}


def test_suspects_run_alone_though_others_are_ready(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 3))])
    lease(lanes, "dead")
    lanes.fetch("dead")
    lanes.release(["dead"], blame=True)

    lanes.push([("minnow", 0, raw("minnow", "bob", 2))])

    assert lease(lanes, "b1") == [("minnow", 0, 2)]
    assert lease(lanes, "b2") == [("whale", 0, 1)]


def test_each_death_of_an_event_alone_counts(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1))])

    for death in range(4):
        lease(lanes, f"b{death}")
        (lane,) = lanes.fetch(f"b{death}") or []
        assert lane.tries == death
        lanes.release([f"b{death}"], blame=True)


def test_a_retry_waits_and_keeps_its_place(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 3)), ("minnow", 0, raw("minnow", "bob", 1))])
    lease(lanes, "b1")
    settle(lanes, "b1", LaneOutcome("whale", 0, 1, wait=60, tried=True), LaneOutcome("minnow", 0, 1))
    lanes.push([("whale", 0, raw("whale", "ada", 1, first=3)), ("whale", 1, raw("whale", "eve", 1))])

    assert lease(lanes, "b2") == [("whale", 1, 1)]  # only the lane waits, not the tenant

    let_wait_end(valkey)
    assert lease(lanes, "b3") == [("whale", 0, 1)]  # alone
    assert lanes.fetch("b3") == [FetchedLane("whale", 0, 1, raw("whale", "ada", 1, first=1))]
    settle(lanes, "b3", LaneOutcome("whale", 0, 1))
    assert lease(lanes, "b4") == [("whale", 0, 2)]
    assert lanes.fetch("b4") == [FetchedLane("whale", 0, 0, raw("whale", "ada", 2, first=2))]


def test_a_wait_without_a_try_is_not_counted(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1))])
    for bundle in ("b1", "b2", "b3"):
        lease(lanes, bundle)
        assert [lane.tries for lane in lanes.fetch(bundle) or []] == [0]
        settle(lanes, bundle, LaneOutcome("whale", 0, 0, wait=60))
        let_wait_end(valkey)


def test_a_sweep_takes_over_and_wakes(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1))])
    lease(lanes, "b1")
    let_expire(valkey, "b1")
    valkey.delete(WAKE)

    assert lanes.sweep(["default"])

    assert valkey.llen(WAKE) == 1
    assert lease(lanes, "b2") == [("whale", 0, 1)]


def test_a_sweep_after_an_outage_wakes_and_takes_nothing_over(lanes: Lanes, valkey: redis.Redis) -> None:
    """Every lease has expired meanwhile; their owners shall renew them first."""
    lanes.push([("whale", 0, raw("whale", "ada", 1))])
    lease(lanes, "b1")
    let_expire(valkey, "b1")
    lanes.push([("minnow", 0, raw("minnow", "bob", 1)), ("whale", 1, raw("whale", "eve", 1))])
    valkey.delete(WAKE)

    assert lanes.sweep(["default"], take_over=False)

    assert valkey.llen(WAKE) == 1
    assert lanes.renew(["b1"]) == []


def test_a_wait_of_less_than_nothing_is_none(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1))])
    lease(lanes, "b1")
    settle(lanes, "b1", LaneOutcome("whale", 0, 0, wait=-5.0, tried=True))

    lease(lanes, "b2")

    assert [lane.tries for lane in lanes.fetch("b2") or []] == [1]


def test_a_sweep_brings_back_what_waited(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1))])
    lease(lanes, "b1")
    settle(lanes, "b1", LaneOutcome("whale", 0, 0, wait=60))
    assert not lanes.sweep(["default"])

    let_wait_end(valkey)

    assert lanes.sweep(["default"])


def test_one_wake_up_mark_at_most(lanes: Lanes, valkey: redis.Redis) -> None:
    for number in range(3):
        lanes.push([(f"tenant{number}", 0, raw("any", "ada", 1))])
    assert valkey.llen(WAKE) == 1

    lease(lanes, "b1")
    lanes.sweep(["default"])

    assert valkey.llen(WAKE) == 1


def test_a_mark_is_there_while_a_tenant_is_runnable(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=1)
    lanes.push([("whale", 0, raw("whale", "ada", 1)), ("minnow", 0, raw("minnow", "bob", 1))])

    valkey.delete(WAKE)
    lease(lanes, "b1")
    assert valkey.llen(WAKE) == 1
    valkey.delete(WAKE)
    lease(lanes, "b2")
    assert valkey.llen(WAKE) == 0
    lanes.release(["b1"], blame=False)
    assert valkey.llen(WAKE) == 1


def test_look_shows_what_waits_and_what_is_in_work(lanes: Lanes) -> None:
    look = lanes.look()
    assert [row["database"] for row in look.pop("databases")] == ["default"]
    assert look == {"tenants": [], "total": 0, "bundles": 0}
    lanes.push([("whale", 0, raw("whale", "ada", 3)), ("minnow", 1, raw("minnow", "bob", 1))])
    lease(lanes, "b1")
    lanes.push([("whale", 2, raw("whale", "eve", 4))])

    look = lanes.look(top=1)

    assert (look["total"], look["bundles"]) == (2, 1)
    assert [(row["tenant"], row["waiting"], row["ready"], row["in_work"]) for row in look["tenants"]] == [
        ("whale", 7, 1, 1)
    ]
    rows = lanes.look_at("whale", 3)
    assert [(row["waiting"], row["bundle"], row["owner"]) for row in rows] == [
        (3, "b1", "node:1"), (0, "", ""), (4, "", ""),
    ]  # fmt: skip
    assert rows[0]["oldest"] == "2026-03-01T12:00:00Z"
