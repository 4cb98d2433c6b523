"""The scripts on a real Valkey: what is held by whom, in which order, and what a repeat changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from engine.lanes import Cost, FetchedLane, LaneOutcome, Lanes
from tests.events import raw
from tests.integration.engine.conftest import know_cost, lease, let_expire, let_wait_end, names, settle

WAKE = "lanes"


def test_events_come_out_in_the_order_of_acceptance(lanes: Lanes) -> None:
    assert lanes.push([("whale", 3, raw("whale", "ada", 3)), ("minnow", 0, raw("minnow", "bob", 1))]) == [3, 1]
    assert lanes.push([("whale", 3, raw("whale", "ada", 2, first=3))]) == [5]

    assert lease(lanes, "b1") == [("minnow", 0, 1), ("whale", 3, 5)]
    assert lanes.fetch("b1") == [
        FetchedLane("minnow", 0, 0, raw("minnow", "bob", 1)),
        FetchedLane("whale", 3, 0, raw("whale", "ada", 5)),
    ]


def test_a_long_push_keeps_its_order(make_lanes: Callable[..., Lanes]) -> None:
    """Lua's unpack has room for some 8,000 values, so the script appends in pieces."""
    lanes = make_lanes(lane_limit=20_001)
    sent = raw("whale", "ada", 20_001)

    assert lanes.push([("whale", 0, sent)]) == [20_001]

    assert lanes.client.lrange("{fairlane}:t.whale.0", 0, -1) == sent


def test_leasing_removes_nothing_and_settling_what_was_done(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "b1")
    assert lanes.depth("whale", 0) == 5

    assert settle(lanes, "b1", LaneOutcome("whale", 0, 2)) == 1

    assert lanes.depth("whale", 0) == 3
    lease(lanes, "b2")
    assert lanes.fetch("b2") == [FetchedLane("whale", 0, 0, raw("whale", "ada", 3, first=2))]


def test_a_lane_is_held_by_one_bundle_only(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "b1")
    lanes.push([("whale", 0, raw("whale", "ada", 5, first=5)), ("whale", 1, raw("whale", "eve", 1))])

    assert lease(lanes, "b2") == [("whale", 1, 1)]
    assert lease(lanes, "b3") == []


def test_a_lease_takes_no_more_than_its_limits(make_lanes: Callable[..., Lanes]) -> None:
    lanes = make_lanes(bundle_events=50, bundle_lanes=3)
    lanes.push([("whale", lane, raw("whale", f"lead{lane}", 20)) for lane in range(5)])
    know_cost(lanes, "whale")

    assert [count for _, _, count in lease(lanes, "b1")] == [20, 20, 10]
    assert [count for _, _, count in lease(lanes, "b2")] == [20, 20]


def test_a_tenant_of_unknown_cost_is_probed_in_one_lane(lanes: Lanes) -> None:
    """Its events may take seconds each: a bundle of hundreds would outlast its time limit."""
    lanes.push([("whale", lane, raw("whale", f"lead{lane}", 20)) for lane in range(5)])
    lanes.push([("minnow", 0, raw("minnow", "bob", 3))])

    assert lease(lanes, "b1") == [("minnow", 0, 3), ("whale", 0, 8)]
    assert lease(lanes, "b2") == [("whale", 1, 8)]


def test_a_bundle_is_as_long_as_its_measured_cost_allows(make_lanes: Callable[..., Lanes]) -> None:
    lanes = make_lanes(bundle_seconds=0.1)
    lanes.push([("whale", 0, raw("whale", "ada", 100))])
    assert lease(lanes, "b1") == [("whale", 0, 8)]  # a probe
    settle(lanes, "b1", LaneOutcome("whale", 0, 8), whale=0.08)

    assert lease(lanes, "b2") == [("whale", 0, 10)]


@pytest.mark.parametrize(
    ("milliseconds", "sizes"),
    [
        (20, [256, 320, 400, 500]),  # quick: a quarter more each time
        (200, [256, 256, 256, 256]),  # over the budget, but not far
        (900, [256, 128, 128, 128]),  # a machine that is busy: half as many, but never so few that all is overhead
    ],
)
def test_the_size_of_a_bundle_follows_what_it_costs_beside_its_tenants_own_time(
    make_lanes: Callable[..., Lanes], milliseconds: int, sizes: list[int]
) -> None:
    lanes = make_lanes(bundle_seconds=0.1, bundle_events=1500)
    for lane in range(4):
        lanes.push([("whale", lane, raw("whale", f"lead{lane}", 1500))])
    know_cost(lanes, "whale")

    seen = []
    for number in range(4):
        leased = lease(lanes, f"b{number}")
        seen.append(sum(count for *_, count in leased))
        cost = Cost(milliseconds / 1000, seen[-1], own=0.001)
        lanes.settle(f"b{number}", [LaneOutcome(*lane) for lane in leased], {"whale": cost})

    assert seen == sizes


def test_a_lease_repeated_after_a_lost_reply_returns_the_same(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1)), ("minnow", 0, raw("minnow", "bob", 1))])
    first = lease(lanes, "b1")
    lanes.push([("whale", 1, raw("whale", "eve", 1))])

    assert lease(lanes, "b1") == first
    assert lease(lanes, "b2") == [("whale", 1, 1)]


def test_a_settle_repeated_after_a_lost_reply_changes_nothing(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "b1")
    outcome = LaneOutcome("whale", 0, 2)
    settle(lanes, "b1", outcome, whale=1.0)
    before = lanes.look()

    assert settle(lanes, "b1", outcome, whale=1.0) == -1

    assert (lanes.depth("whale", 0), lanes.look()) == (3, before)


def test_a_settle_of_a_lost_lease_changes_nothing(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 5))])
    lease(lanes, "zombie")
    lanes.fetch("zombie")
    let_expire(valkey, "zombie")
    assert lease(lanes, "b2") == [("whale", 0, 1)]

    assert settle(lanes, "zombie", LaneOutcome("whale", 0, 5)) == -1
    assert lanes.release(["zombie"], blame=True) == 0
    assert lanes.fetch("zombie") is None
    assert lanes.renew(["zombie", "b2"]) == ["zombie"]

    assert lanes.depth("whale", 0) == 5
    assert lease(lanes, "b3") == []
    assert lanes.fetch("b2") == [FetchedLane("whale", 0, 0, raw("whale", "ada", 1))]


def test_a_settle_cannot_touch_a_lane_it_does_not_hold(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1))])
    lease(lanes, "b1")
    lanes.push([("minnow", 0, raw("minnow", "bob", 3))])

    assert settle(lanes, "b1", LaneOutcome("minnow", 0, 3), LaneOutcome("whale", 0, 1)) == 1

    assert (lanes.depth("minnow", 0), lanes.depth("whale", 0)) == (3, 0)


def test_lanes_the_outcome_does_not_name_go_back_as_they_were(lanes: Lanes) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1)), ("minnow", 0, raw("minnow", "bob", 1))])
    lease(lanes, "b1")

    settle(lanes, "b1", LaneOutcome("whale", 0, 1))

    assert lease(lanes, "b2") == [("minnow", 0, 1)]


def test_a_deep_lane_takes_nothing_more_and_its_neighbours_do(make_lanes: Callable[..., Lanes]) -> None:
    lanes = make_lanes(lane_limit=3)
    lanes.push([("whale", 0, raw("whale", "ada", 2))])

    depths = lanes.push([("whale", 0, raw("whale", "ada", 2, first=2)), ("minnow", 0, raw("minnow", "bob", 3))])

    assert depths == [-1, 3]
    assert lanes.client.lrange("{fairlane}:t.whale.0", 0, -1) == raw("whale", "ada", 2)


def test_a_lane_in_spill_mode_takes_nothing_until_postgresql_has_moved_it_back(
    make_lanes: Callable[..., Lanes],
) -> None:
    """Not even what would have room: it would overtake what is being written to PostgreSQL."""
    lanes = make_lanes(lane_limit=2)
    lanes.push([("whale", 0, raw("whale", "ada", 3)), ("minnow", 0, raw("minnow", "bob", 3))])
    one = [("whale", 0, raw("whale", "ada", 1)), ("minnow", 0, raw("minnow", "bob", 1))]

    assert lanes.push(one) == [-1, -1]
    lanes.tell_modes([("whale", 0, False, 1)])
    assert lanes.push(one) == [1, -1]
    assert lanes.push([("whale", 0, raw("whale", "ada", 3))]) == [-2]


@pytest.mark.parametrize("late", [(True, 0), (False, 0), (True, 1), (False, 1), (True, 2), (False, 2)])
def test_what_was_said_of_a_mode_too_late_changes_nothing(
    make_lanes: Callable[..., Lanes], late: tuple[bool, int]
) -> None:
    """Above all not “direct at epoch 2” of a lane that has gone to spill mode at epoch 2 since."""
    lanes = make_lanes(lane_limit=1)
    lanes.tell_modes([("whale", 0, False, 2)])
    assert lanes.push([("whale", 0, raw("whale", "ada", 2))]) == [-3]

    lanes.tell_modes([("whale", 0, *late), ("minnow", 0, *late)])

    assert lanes.push([("whale", 0, raw("whale", "ada", 1))]) == [-3]
    assert lanes.push([("minnow", 0, raw("minnow", "bob", 1))]) == [-1 - late[1] if late[0] else 1]


def test_a_lane_in_spill_mode_is_leased_for_postgresql_when_it_is_empty(
    make_lanes: Callable[..., Lanes], valkey: redis.Redis
) -> None:
    lanes = make_lanes(lane_limit=2)
    lanes.tell_modes([("minnow", 0, True, 4)])
    lanes.push([("whale", 0, raw("whale", "ada", 2)), ("whale", 0, raw("whale", "ada", 1, first=2))])

    leased = {tenant: count for tenant, _, count in lease(lanes, "b1")}
    fetched = {one.tenant: (len(one.events), one.epoch) for one in lanes.fetch("b1") or []}
    settle(lanes, "b1", LaneOutcome("whale", 0, 2), LaneOutcome("minnow", 0, 5, spilled=5), whale=0.0001, minnow=0.0001)

    assert (leased, fetched) == ({"whale": 2, "minnow": 8}, {"whale": (2, None), "minnow": (0, 4)})
    assert sorted(tenant for tenant, *_ in lease(lanes, "b2")) == ["minnow", "whale"]
    assert {one.epoch for one in lanes.fetch("b2") or []} == {0, 4}
    assert "depth" not in names(valkey)


def test_a_lane_of_which_nothing_was_found_is_looked_at_again_a_little_later(
    make_lanes: Callable[..., Lanes], valkey: redis.Redis
) -> None:
    lanes = make_lanes(lane_limit=2)
    lanes.tell_modes([("whale", 0, True, 0), ("minnow", 0, True, 0)])
    lease(lanes, "b1")
    settle(lanes, "b1", LaneOutcome("whale", 0, 0), LaneOutcome("minnow", 0, 0))

    assert lease(lanes, "b2") == []
    let_wait_end(valkey)
    assert sorted(tenant for tenant, *_ in lease(lanes, "b3")) == ["minnow", "whale"]
    assert not names(valkey) & {"suspects", "narrow", "attempts"}


def test_under_pressure_no_lane_takes_anything(lanes: Lanes) -> None:
    both = [("whale", 0, raw("whale", "ada", 1)), ("minnow", 0, raw("minnow", "bob", 1))]

    assert [lanes.press(share) for share in (0.79, 0.8, 0.7, 2.5)] == [False, True, True, True]
    assert lanes.push(both) == [-1, -1]
    assert [lanes.press(share) for share in (0.699, 0.75)] == [False, False]
    lanes.tell_modes([("whale", 0, False, 1)])
    assert lanes.push(both) == [1, -1]
    assert lanes.press(0.9) is True
    assert 0 < lanes.client.pttl("{fairlane}:pressure") <= 5000


@pytest.mark.parametrize("tenant", ["0", "a-", "0-0", "9" * 32, "whale-1", "default", "lanes"])
def test_tenants_with_odd_names_do_not_meet(lanes: Lanes, valkey: redis.Redis, tenant: str) -> None:
    other = tenant[:-1] + "x" if tenant[:-1] else "x"
    lanes.push([(tenant, 1, raw(tenant, "*:{}| \x00", 2)), (other, 11, raw(other, "*", 1))])

    assert sorted(lease(lanes, "b1")) == sorted([(tenant, 1, 2), (other, 11, 1)])
    lanes.fetch("b1")
    let_expire(valkey, "b1")
    for bundle in ("b2", "b3", "b4"):
        ((name, lane, _),) = lease(lanes, bundle)
        settle(lanes, bundle, LaneOutcome(name, lane, 1))

    assert names(valkey) <= {"clock:default", WAKE, "counts"}


def test_a_cap_takes_effect_at_the_next_lease(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=1)
    lanes.push([("whale", lane, raw("whale", f"lead{lane}", 1)) for lane in range(4)])
    lease(lanes, "b1")

    lanes.configure("whale", 1, 1, "default")
    assert lease(lanes, "b2") == []
    lanes.configure("whale", 1, 2, "default")
    assert lease(lanes, "b3") == [("whale", 1, 1)]
    assert lease(lanes, "b4") == []
    valkey.delete(WAKE)
    lanes.configure("whale", 1, 0, "default")
    assert valkey.llen(WAKE) == 1
    assert lease(lanes, "b5") == [("whale", 2, 1)]


def test_a_tenant_moves_to_another_database_with_its_events(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1)), ("minnow", 0, raw("minnow", "bob", 1))])

    lanes.configure("whale", 1, 0, "second")

    assert lanes.lease("b1", "node:1", "second") == [("whale", 0, 1)]
    assert lanes.lease("b2", "node:2", "default") == [("minnow", 0, 1)]
    lanes.settle("b1", [LaneOutcome("whale", 0, 1)], {"whale": Cost(0.1, 1)})
    lanes.configure("whale", 1, 0, "default")
    assert "tenant:whale" not in names(valkey)


@pytest.mark.breaks_lanes
def test_a_lane_that_somebody_deleted_stops_nothing(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 3)), ("minnow", 0, raw("minnow", "bob", 1))])
    valkey.delete("{fairlane}:t.whale.0")

    assert lease(lanes, "b1") == [("minnow", 0, 1)]
    assert settle(lanes, "b1", LaneOutcome("minnow", 0, 1)) == 1
    assert lease(lanes, "b2") == []
    assert lanes.push([("whale", 0, raw("whale", "ada", 1))]) == [1]
    assert lease(lanes, "b3") == [("whale", 0, 1)]


def test_scripts_are_loaded_again_after_redis_forgot_them(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 1))])
    lease(lanes, "b1")
    lanes.release(["b1"], blame=False)
    valkey.script_flush()

    assert lease(lanes, "b2") == [("whale", 0, 1)]


def test_a_full_redis_can_still_be_emptied(lanes: Lanes, valkey: redis.Redis) -> None:
    """At maxmemory only accepting stops: leasing, settling and releasing free memory."""
    lanes.push([("whale", 0, raw("whale", "ada", 2))])
    valkey.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            lanes.push([("whale", 0, raw("whale", "ada", 1, first=2))])
        assert lease(lanes, "b1") == [("whale", 0, 2)]
        assert lanes.renew(["b1"]) == []
        lanes.release(["b1"], blame=False)
        assert lanes.sweep(["default"])
        assert lanes.press(1.0)
        lanes.tell_modes([("whale", 0, True, 0), ("minnow", 0, True, 0), ("minnow", 0, False, 1)])
        lease(lanes, "b2")
        assert lanes.fetch("b2") is not None
        assert settle(lanes, "b2", LaneOutcome("whale", 0, 2)) == 1
    finally:
        valkey.config_set("maxmemory", 0)

    assert not lanes.press(0.1)
    assert lanes.push([("whale", 0, raw("whale", "ada", 1, first=2))]) == [-1]
    assert lanes.push([("minnow", 0, raw("minnow", "bob", 1))]) == [1]
