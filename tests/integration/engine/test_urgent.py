"""Lanes with urgent events go before the others of their tenant, and before nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import redis

from engine import enqueue
from engine.lanes import LaneOutcome, Lanes
from tests.events import events, raw
from tests.integration.engine.conftest import PREFIX, lease, let_wait_end, settle

MINUTE = 60_000


@pytest.fixture
def narrow(make_lanes: Callable[..., Lanes]) -> Lanes:
    """One lane a bundle."""
    return make_lanes(bundle_lanes=1)


def push(lanes: Lanes, tenant: str, lane: int, count: int = 1, *, urgent: int = 0) -> None:
    lanes.push([(tenant, lane, raw(tenant, f"lead-{lane}", count))], {(tenant, lane): urgent} if urgent else {})


def order(lanes: Lanes, tenant: str, count: int) -> list[int]:
    """The lanes of a tenant in the order in which they are leased, with nothing given back."""
    found = [lease(lanes, f"order-{n}") for n in range(count)]
    return [lane for (leased,) in found for name, lane, _ in [leased] if name == tenant]


def test_an_urgent_lane_goes_before_those_that_wait_longer(narrow: Lanes) -> None:
    for lane in (0, 1, 2, 3):
        push(narrow, "whale", lane)
    push(narrow, "whale", 2, urgent=1)  # it was ready already
    push(narrow, "whale", 4, urgent=1)

    assert order(narrow, "whale", 5) == [2, 4, 0, 1, 3]


def test_no_lane_waits_for_urgent_ones_for_more_than_a_minute(narrow: Lanes, valkey: redis.Redis) -> None:
    push(narrow, "whale", 0)
    push(narrow, "whale", 1)
    valkey.zincrby(f"{PREFIX}ready:whale", -MINUTE - 1000, "0")
    push(narrow, "whale", 2, urgent=1)

    assert order(narrow, "whale", 3) == [0, 2, 1]


def test_a_lane_is_urgent_until_its_last_urgent_event_is_done(make_lanes: Callable[..., Lanes]) -> None:
    lanes = make_lanes(bundle_lanes=1, bundle_events=2)
    push(lanes, "whale", 0, 5, urgent=3)
    push(lanes, "whale", 1)
    for bundle, leased in (("b1", 0), ("b2", 0), ("b3", 1), ("b4", 0)):
        ((_, lane, count),) = lease(lanes, bundle)
        assert lane == leased
        settle(lanes, bundle, LaneOutcome("whale", lane, count))


@pytest.mark.parametrize(("urgent", "before"), [(0, 1_500), (100, 100)])
def test_in_a_flood_of_its_tenant_an_urgent_event_waits_for_its_own_lane_only(
    make_lanes: Callable[..., Lanes], urgent: int, before: int
) -> None:
    """Sixteen lanes of a hundred events, leased fifty at a time; the last event of the last lane."""
    lanes = make_lanes(bundle_lanes=1, bundle_events=50)
    for lane in range(16):
        push(lanes, "whale", lane, 100, urgent=urgent if lane == 15 else 0)
    done: dict[int, int] = dict.fromkeys(range(16), 0)

    for turn in range(64):
        ((_, lane, count),) = lease(lanes, f"b{turn}")
        settle(lanes, f"b{turn}", LaneOutcome("whale", lane, count), whale=0.0002 * count)
        done[lane] += count
        if done[15] == 100:
            break

    assert before <= sum(done.values()) <= before + 100


def test_a_lane_that_was_set_aside_is_urgent_when_it_comes_back(narrow: Lanes, valkey: redis.Redis) -> None:
    push(narrow, "whale", 0, urgent=1)
    lease(narrow, "b1")
    settle(narrow, "b1", LaneOutcome("whale", 0, 0, wait=60.0, innocent=True))
    push(narrow, "whale", 1)
    let_wait_end(valkey)
    narrow.sweep(["default"])

    assert order(narrow, "whale", 2) == [0, 1]


def test_another_tenant_has_its_turn_as_ever(narrow: Lanes) -> None:
    for lane in range(3):
        push(narrow, "minnow", lane)
    for lane in range(3):
        push(narrow, "whale", lane, urgent=1)

    leased = [lease(narrow, f"b{n}")[0][0] for n in range(6)]

    assert sorted(leased[:2]) == sorted(leased[2:4]) == sorted(leased[4:]) == ["minnow", "whale"]


def test_a_lane_in_spill_mode_is_urgent_until_it_is_direct_again(
    make_lanes: Callable[..., Lanes], valkey: redis.Redis
) -> None:
    lanes = make_lanes(bundle_lanes=1, lane_limit=2)
    for lane in (0, 1):
        push(lanes, "whale", lane, 2)
    push(lanes, "whale", 1, urgent=1)  # refused here: it goes to PostgreSQL

    for bundle in ("b1", "b2"):
        assert lease(lanes, bundle)[0][1] == 1
        settle(lanes, bundle, LaneOutcome("whale", 1, 2, spilled=0 if bundle == "b1" else 2))
    lanes.tell_modes([("whale", 1, False, 1)])

    assert not valkey.exists(PREFIX + "urgent")


def test_nothing_is_urgent_in_a_lane_that_was_emptied(lanes: Lanes, valkey: redis.Redis) -> None:
    push(lanes, "whale", 0, urgent=1)
    push(lanes, "minnow", 0, urgent=1)

    lanes.abort("whale", 16)

    assert set(valkey.hkeys(PREFIX + "urgent")) == {b"minnow|0"}


@pytest.mark.usefixtures("small_lanes")
def test_the_door_tells_lanes_which_events_are_urgent(valkey: redis.Redis) -> None:
    whale = events("whale", "ada", 3)
    whale[1] = msgspec.structs.replace(whale[1], urgent=True)

    enqueue.push([*whale, *events("minnow", "bob", 2)])

    assert valkey.hgetall(PREFIX + "urgent") == {b"whale|0": b"2"}
