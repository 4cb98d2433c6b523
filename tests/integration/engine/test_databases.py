"""Tenants on two databases: whose turn it is, what a node and all nodes may have in work of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import redis

from engine.lanes import Lanes
from tests.events import raw
from tests.integration.engine.conftest import PREFIX, let_expire, names
from tests.integration.engine.placing import BOTH, SECOND, finish, lease_any, settle_in, take

WAKE = "lanes"


@pytest.fixture
def lanes(make_lanes: Callable[..., Lanes]) -> Lanes:
    """One event a lease: the choice is all there is."""
    return make_lanes(
        bundle_lanes=1, bundle_events=1, bundle_seconds=1, databases={"second": ""}, total_bundles={"second": 3}
    )


def turns(lanes: Lanes, count: int, seconds: float, may: dict[str, bool] = BOTH) -> Counter[str]:
    """Who was served by one slot, of bundles that take so long."""
    served: Counter[str] = Counter()
    for number in range(count):
        leased = lanes.lease_next(f"turn{number}", "node:1", may)
        assert leased is not None
        served[leased.lanes[0][0]] += 1
        finish(lanes, f"turn{number}", leased, seconds)
    return served


def test_tenants_share_the_workers_as_if_they_were_on_one_database(lanes: Lanes) -> None:
    settle_in(lanes, {"whale": "default", "perch": "second", "minnow": "second", "eel": "second"})

    served = turns(lanes, 400, 0.01)

    assert all(95 <= served[tenant] <= 105 for tenant in ("whale", "perch", "minnow", "eel")), served


def test_a_database_with_no_room_here_is_passed_by(lanes: Lanes) -> None:
    settle_in(lanes)

    assert turns(lanes, 20, 0.01, SECOND) == {"minnow": 20}


def test_a_database_that_was_left_out_saves_up_nothing(lanes: Lanes) -> None:
    settle_in(lanes)
    turns(lanes, 20, 0.01)
    turns(lanes, 100, 0.1, SECOND)

    served = turns(lanes, 20, 0.1)

    assert 9 <= served["whale"] <= 11


def test_a_quiet_database_is_next_whatever_was_done_for_it_before(lanes: Lanes) -> None:
    """Its tenants that are quiet do not pay for a costly one of theirs that is done."""
    lanes.configure("minnow", 1, 0, "second")
    lanes.push([("minnow", 0, raw("minnow", "ada", 1))])
    turns(lanes, 1, 60.0)
    settle_in(lanes, {"whale": "default", "eel": "default"})
    turns(lanes, 20, 0.01)

    lanes.configure("perch", 1, 0, "second")
    lanes.push([("perch", 0, raw("perch", "bob", 1))])

    assert turns(lanes, 2, 0.01)["perch"] == 1


def test_no_more_of_a_database_are_in_work_on_all_nodes_than_its_total(lanes: Lanes) -> None:
    settle_in(lanes)

    leased = [lease_any(lanes, f"b{number}", owner=f"node:{number}") for number in range(10)]

    assert Counter(leased) == {"default": 7, "second": 3}
    assert lease_any(lanes, "more", SECOND) is None
    finish(lanes, f"b{leased.index('second')}")
    assert lease_any(lanes, "more", SECOND) == "second"


def test_what_a_killed_node_had_in_work_is_counted_no_more(lanes: Lanes, valkey: redis.Redis) -> None:
    settle_in(lanes)
    killed = take(lanes, 3, "second")
    assert lease_any(lanes, "b", SECOND) is None

    for bundle in killed:
        let_expire(valkey, bundle)

    assert take(lanes, 9, "second", "next") == ["next0", "next1", "next2"]


@pytest.mark.breaks_lanes
def test_a_lease_whose_record_was_lost_is_counted_until_it_would_have_expired(
    lanes: Lanes, valkey: redis.Redis
) -> None:
    settle_in(lanes)
    for bundle in take(lanes, 3, "second"):
        valkey.delete(f"{PREFIX}bundle:{bundle}")
        valkey.zrem(PREFIX + "bundles", bundle)
    assert lease_any(lanes, "b", SECOND) is None

    for bundle in valkey.zrange(PREFIX + "live:second", 0, -1):
        valkey.zadd(PREFIX + "live:second", {bundle: 1})

    assert lease_any(lanes, "b", SECOND) == "second"
    lanes.sweep(["second"])
    assert valkey.zrange(PREFIX + "live:second", 0, -1) == [b"b"]


def test_a_lease_that_is_renewed_counts_on(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=1, databases={"second": ""}, total_bundles={"second": 1}, lease_seconds=600)
    settle_in(lanes, events=1)
    take(lanes, 1, "second")
    valkey.zadd(PREFIX + "live:second", {"b0": 1})

    lanes.renew(["b0"])

    assert lease_any(lanes, "b1", SECOND) is None


def test_a_total_that_is_changed_or_taken_away_counts_at_the_next_lease(
    make_lanes: Callable[..., Lanes], valkey: redis.Redis
) -> None:
    settle_in(make_lanes(), events=1)
    for total, expected in ({"default": 2}, 2), ({"default": 3}, 3), ({}, 5):
        lanes = make_lanes(bundle_lanes=1, total_bundles=total)
        bundles = take(lanes, 5)
        assert len(bundles) == expected
        lanes.release(bundles, blame=False)

    assert not valkey.exists(PREFIX + "load:default")


def test_a_repeated_lease_is_of_the_same_database(lanes: Lanes) -> None:
    settle_in(lanes)
    first = lanes.lease_next("b1", "node:1", BOTH)

    assert lanes.lease_next("b1", "node:1", {"default": False, "second": False}) == first


def test_a_mark_of_no_use_here_is_put_back_for_other_nodes(lanes: Lanes, valkey: redis.Redis) -> None:
    settle_in(lanes, {"whale": "default", "minnow": "default"})
    valkey.delete(WAKE)

    assert lanes.lease_next("b1", "node:1", SECOND) is None
    assert valkey.llen(WAKE) == 0
    assert lanes.lease_next("b1", "node:1", SECOND, pass_on=True) is None
    assert valkey.llen(WAKE) == 1


def test_no_mark_is_made_for_what_nobody_may_lease(lanes: Lanes, valkey: redis.Redis) -> None:
    settle_in(lanes, {"minnow": "second", "perch": "second"})
    bundles = take(lanes, 3, "second")
    valkey.delete(WAKE)

    lanes.push([("minnow", 0, raw("minnow", "ada", 1))])
    lanes.sweep(["default", "second"])
    assert lanes.lease_next("more", "node:1", BOTH, pass_on=True) is None
    assert valkey.llen(WAKE) == 0

    finish(lanes, bundles[0])
    assert valkey.llen(WAKE) == 1


def test_a_node_that_has_room_again_is_woken(lanes: Lanes, valkey: redis.Redis) -> None:
    settle_in(lanes)
    bundle = take(lanes, 1)[0]
    finish(lanes, bundle)
    valkey.delete(WAKE)

    lanes.release([bundle], blame=True)
    assert valkey.llen(WAKE) == 0
    lanes.release([bundle], blame=True, room_for=["default"])
    assert valkey.llen(WAKE) == 1


def test_databases_that_are_idle_leave_a_constant_behind(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=1, databases={"second": ""})
    settle_in(lanes, events=1)

    turns(lanes, 32, 0.01)

    assert lanes.lease_next("none", "node:1", BOTH) is None
    assert names(valkey) <= {"clock:default", "clock:second", "counts", "lanes", "turns", "tenant:minnow"}
    assert valkey.hlen(PREFIX + "turns") == 1


def test_people_see_what_is_in_work_and_what_limits_it(make_lanes: Callable[..., Lanes]) -> None:
    lanes = make_lanes(bundle_lanes=2, databases={"second": ""}, total_bundles={"second": 5})
    settle_in(lanes, {"whale": "default", "minnow": "second", "perch": "second"}, events=1)
    for tenant in ("minnow", "perch"):
        lanes.configure(tenant, 1, 1, "second")
    lanes.sweep(["default", "second"], owner="node:1", slots=4)
    lanes.lease("b1", "node:1", "second")

    assert lanes.look()["databases"] == lanes.look_at_databases()
    rows = {row.pop("database"): row for row in lanes.look_at_databases()}

    idle = {"limit": 0, "strain": "", "strained_ms": 0}
    assert rows["default"] == idle | {"runnable": 1, "bundles": 0, "lanes": 0, "total": 0, "slots": 4}
    assert rows["second"] == idle | {"runnable": 0, "bundles": 1, "lanes": 2, "total": 5, "slots": 4}
