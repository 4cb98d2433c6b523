"""How many bundles of a database may be in work follows what it bears: additive increase, multiplicative decrease."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from engine.lanes import LaneOutcome, Lanes
from engine.strain import Strain
from tests.events import raw
from tests.integration.engine.conftest import PREFIX, names, settle
from tests.integration.engine.placing import (
    BOTH,
    SECOND,
    finish,
    hold_since,
    lease_any,
    let_pass,
    limit,
    settle_in,
    slots,
    take,
)

SECOND_MS = 1000
LONG_AGO_MS = 3_600_000


@pytest.fixture
def lanes(make_lanes: Callable[..., Lanes]) -> Lanes:
    """Sixteen slots; each bundle has one lane of one tenant."""
    lanes = make_lanes(bundle_lanes=1, bundle_events=1, databases={"second": ""})
    slots(lanes, 16)
    settle_in(lanes)
    return lanes


def cut(lanes: Lanes, valkey: redis.Redis, in_work: int = 8) -> list[str]:
    """A lock wait long ago, while so many bundles were in work. Returns those that still are."""
    slots(lanes, 16)
    bundles = take(lanes, in_work, prefix="cut")
    finish(lanes, bundles.pop(), held_up=1)
    let_pass(valkey, LONG_AGO_MS)
    return bundles


def test_a_database_that_bears_it_all_has_no_limit(lanes: Lanes, valkey: redis.Redis) -> None:
    for bundle in take(lanes, 12):
        finish(lanes, bundle)

    assert limit(lanes) == 0
    assert not any(name.startswith("load:") for name in names(valkey))


def test_strain_halves_what_is_in_work_and_touches_no_other_database(lanes: Lanes) -> None:
    bundles = take(lanes, 12)

    finish(lanes, bundles[0], held_up=1)

    assert (limit(lanes), limit(lanes, "second")) == (6, 0)
    for bundle in bundles[1:7]:
        lanes.release([bundle], blame=False)
    assert take(lanes, 9, prefix="next") == ["next0"]
    assert lease_any(lanes, "other", SECOND) == "second"


def test_the_limit_is_never_less_than_one(lanes: Lanes, valkey: redis.Redis) -> None:
    for number in range(5):
        (bundle,) = take(lanes, 1, prefix=f"turn{number}")
        let_pass(valkey, SECOND_MS)
        finish(lanes, bundle, held_up=1)

    assert limit(lanes) == 1


def test_one_incident_felt_by_many_bundles_counts_once(lanes: Lanes, valkey: redis.Redis) -> None:
    bundles = take(lanes, 12)
    for bundle in bundles[:6]:
        finish(lanes, bundle, held_up=1)
    assert limit(lanes) == 6

    let_pass(valkey, SECOND_MS)
    for bundle in bundles[6:]:
        hold_since(valkey, bundle, 5)
        finish(lanes, bundle, held_up=1)
    assert limit(lanes) == 6, "what was leased before the cut says nothing of the new limit"

    (after,) = take(lanes, 1, prefix="after")
    finish(lanes, after, held_up=1)
    assert limit(lanes) == 1


def test_a_lane_in_the_way_of_many_is_no_strain(make_lanes: Callable[..., Lanes]) -> None:
    """Somebody who holds a lead's row in a transaction slows down nobody else."""
    lanes = make_lanes(bundle_lanes=8, bundle_events=64, probe_events=1)
    lanes.push([(tenant, lane, raw(tenant, "ada", 1)) for tenant in ("whale", "minnow") for lane in range(16)])
    for tenant in ("whale", "minnow"):
        settle(lanes, "probe", *_done(lanes.lease("probe", "node:1", "default")), **{tenant: 0.001})
    few = len(lanes.lease("b1", "node:1", "default"))
    assert few > 4

    finish(lanes, "b1", held_up=(few - 1) // 2)
    assert limit(lanes) == 0

    assert len(lanes.lease("b2", "node:1", "default")) == few
    finish(lanes, "b2", held_up=(few + 1) // 2)
    assert limit(lanes) == 1


def _done(leased: list[tuple[str, int, int]]) -> list[LaneOutcome]:
    return [LaneOutcome(tenant, lane, count) for tenant, lane, count in leased]


def test_a_lane_that_is_still_in_the_way_when_it_is_tried_alone_is_no_news(lanes: Lanes, valkey: redis.Redis) -> None:
    """Else one row that stays locked would take the whole database down to one bundle."""
    ((tenant, lane, _),) = lanes.lease("b1", "node:1", "default")
    waits = LaneOutcome(tenant, lane, 0, wait=0.0)
    lanes.settle("b1", [waits], {}, strain=Strain({(tenant, lane)}, "lock wait"))
    before = valkey.hgetall(PREFIX + "load:default")
    lanes.sweep(["default"])
    while lanes.lease("again", "node:1", "default") != [(tenant, lane, 1)]:
        finish(lanes, "again")
    let_pass(valkey, LONG_AGO_MS)

    lanes.settle("again", [waits], {}, strain=Strain({(tenant, lane)}, "lock wait"))

    after = valkey.hgetall(PREFIX + "load:default")
    assert (int(after[b"cut"]), int(after[b"strained"])) == (
        int(before[b"cut"]) - LONG_AGO_MS, int(before[b"strained"]) - LONG_AGO_MS
    )  # fmt: skip


def rises(lanes: Lanes, valkey: redis.Redis, times: int) -> list[int]:
    """The limit after each second in which bundles settled well and all it allows were in work."""
    found = []
    for number in range(times):
        slots(lanes, 16)
        bundles = take(lanes, 16, prefix=f"rise{number}-")
        finish(lanes, bundles[0])
        found.append(limit(lanes))
        for bundle in bundles[1:]:
            lanes.release([bundle], blame=False)
        let_pass(valkey, SECOND_MS)
    return found


def test_the_limit_doubles_to_half_of_what_was_borne_then_rises_by_one_until_it_is_none(
    lanes: Lanes, valkey: redis.Redis
) -> None:
    for bundle in cut(lanes, valkey, 2):
        lanes.release([bundle], blame=False)

    assert rises(lanes, valkey, 12) == [2, 4, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0]


def test_it_rises_no_further_than_the_total(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=1, bundle_events=1, databases={"second": ""}, total_bundles={"default": 4})
    slots(lanes, 16)
    settle_in(lanes)
    for bundle in cut(lanes, valkey, 2):
        lanes.release([bundle], blame=False)

    assert rises(lanes, valkey, 4) == [2, 3, 0, 0]


def test_it_rises_once_a_second(lanes: Lanes, valkey: redis.Redis) -> None:
    for bundle in cut(lanes, valkey, 8):
        finish(lanes, bundle)

    assert limit(lanes) == 8


def test_it_does_not_rise_while_it_holds_nobody_back(lanes: Lanes, valkey: redis.Redis) -> None:
    for bundle in cut(lanes, valkey, 8)[:5]:
        lanes.release([bundle], blame=False)

    for number in range(3):
        finish(lanes, take(lanes, 1, prefix=f"quiet{number}-")[0])
        let_pass(valkey, SECOND_MS)

    assert limit(lanes) == 4


def test_a_bundle_with_a_little_strain_raises_nothing(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=4, bundle_events=64)
    slots(lanes, 16)
    settle_in(lanes)
    for tenant in ("whale", "minnow"):
        lanes.configure(tenant, 1, 0, "default")
        settle(lanes, "probe", *_done(lanes.lease("probe", "node:1", "default")), **{tenant: 0.001})
    (held,) = cut(lanes, valkey, 2)
    before = limit(lanes)

    finish(lanes, held, held_up=1)

    assert limit(lanes) == before == 1


def test_a_database_out_of_reach_is_probed_by_one_bundle_at_a_time(lanes: Lanes, valkey: redis.Redis) -> None:
    first, *others = take(lanes, 8)
    lanes.release([first], blame=False, wait=1, unreachable=True)
    assert limit(lanes) == 1
    lanes.release(others, blame=False, wait=1, unreachable=True)

    assert lease_any(lanes, "n1") == "second", "this node leaves it alone for a second"
    assert [lease_any(lanes, f"n{n}", {"default": True}, f"node:{n}") for n in (2, 3)] == ["default", None]

    lanes.release(["n2"], blame=False, wait=1, unreachable=True)
    assert lease_any(lanes, "n3", {"default": True}, "node:3") == "default"


def test_it_comes_back_alone_and_quickly(lanes: Lanes, valkey: redis.Redis) -> None:
    for number in range(5):
        (bundle,) = take(lanes, 1, prefix=f"down{number}-")
        lanes.release([bundle], blame=False, wait=0, unreachable=True)
        let_pass(valkey, SECOND_MS)

    assert rises(lanes, valkey, 4) == [2, 4, 8, 9]


def test_a_node_that_alone_cannot_reach_a_database_rests_and_slows_down_nobody(
    lanes: Lanes, valkey: redis.Redis
) -> None:
    lost, well = take(lanes, 2)
    finish(lanes, well)

    lanes.release([lost], blame=False, wait=60, unreachable=True)

    assert limit(lanes) == 0
    assert valkey.zcard(PREFIX + "later") == 0, "another node may take its lanes at once"
    assert lease_any(lanes, "b1", {"default": True}, "node:1") is None
    assert lease_any(lanes, "b2", {"default": True}, "node:2") == "default"


def test_a_rest_ends_by_itself(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.release(take(lanes, 1), blame=False, unreachable=True)

    (rest,) = valkey.keys(PREFIX + "rest:*")

    assert 0 < valkey.pttl(rest) <= 1000


@pytest.mark.parametrize("well", [False, True], ids=["nothing else settles", "others settle"])
def test_a_bundle_that_hung_is_strain_unless_the_database_serves_others(
    lanes: Lanes, valkey: redis.Redis, well: bool
) -> None:
    hung, other = take(lanes, 2)
    hold_since(valkey, hung, 31)
    if well:
        finish(lanes, other)

    lanes.release([hung], blame=True)

    assert limit(lanes) == (0 if well else 1)


def test_a_process_that_dies_early_is_no_strain(lanes: Lanes) -> None:
    lanes.release(take(lanes, 2), blame=True)

    assert limit(lanes) == 0


def test_a_node_of_one_slot_gives_a_database_that_hangs_no_more_time_than_another(
    lanes: Lanes, valkey: redis.Redis
) -> None:
    spent = {"default": 0.0, "second": 0.0}
    for number in range(200):
        leased = lanes.lease_next(f"b{number}", f"node:{number}", BOTH)
        assert leased is not None
        spent[leased.database] += 30 if leased.database == "default" else 1
        if leased.database == "default":
            hold_since(valkey, f"b{number}", 30)
            lanes.release([f"b{number}"], blame=True)
        else:
            finish(lanes, f"b{number}", leased, 1.0)

    assert spent["default"] == pytest.approx(spent["second"], rel=0.25)


def test_what_was_felt_is_forgotten(lanes: Lanes, valkey: redis.Redis) -> None:
    cut(lanes, valkey)

    assert 0 < valkey.pttl(PREFIX + "load:default") <= 600_000


def test_people_see_the_last_strain(lanes: Lanes, valkey: redis.Redis) -> None:
    finish(lanes, take(lanes, 1)[0], held_up=1)
    let_pass(valkey, 5000)

    rows = {row["database"]: row for row in lanes.look_at_databases()}

    assert rows["default"]["strain"] == "lock wait"
    assert 5000 <= rows["default"]["strained_ms"] < 60_000
    assert rows["second"]["strain"] == ""
