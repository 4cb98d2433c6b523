"""Back pressure: Redis and PostgreSQL each have their view of a lane, and producers and nodes act on old ones."""

from __future__ import annotations

import os
from collections.abc import Callable

import psycopg
import pytest
import redis

from engine import enqueue, spill
from engine.types import Event
from tests.integration.engine.bundles import ids
from tests.integration.engine.conftest import let_expire
from tests.integration.engine.spilling import (
    Node,
    buffered,
    by_lead,
    depth,
    let_waits_end,
    modes,
    numbered,
    orders,
    push_one_by_one,
    spilled_in_redis,
    tell_modes,
)

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def overtaken_producer(node: Node, monkeypatch: pytest.MonkeyPatch, *, checked: bool) -> list[Event]:
    """One producer was told to spill and sleeps; the lane goes direct; it wakes up. The order of acceptance."""
    whale, minnow = numbered("whale", "ada", 6), numbered("minnow", "bob", 1)
    push_one_by_one([*whale[:3], *minnow])
    refused = enqueue._Refused()
    asleep, sure = enqueue._push_direct({("whale", 0): [whale[3]]}, refused)
    assert [order.epoch for order in asleep["whale"]] == [0]
    node.work()
    assert spilled_in_redis() == {}

    if not checked:
        asleep = {"whale": [spill.Order(0, [whale[3]], epoch=1)]}
    monkeypatch.setattr(enqueue, "_tell", lambda modes: None)  # what Redis is told is on its way
    again = enqueue._spill(asleep, sure, refused)
    assert (list(again), refused.full) == ([("whale", 0)] if checked else [], [])
    for events in again.values():
        enqueue.push(events)
    push_one_by_one(whale[4:])
    node.work()
    return [*whale, *minnow]


def test_a_producer_told_to_spill_before_the_lane_went_direct_is_refused_and_comes_behind(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = overtaken_producer(node, monkeypatch, checked=True)

    assert orders(watch) == by_lead(ids(accepted))


def test_without_the_epoch_it_would_be_overtaken(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ablation: it is the epoch that does it, nothing else in the path."""
    overtaken_producer(node, monkeypatch, checked=False)
    tell_modes(watch)
    node.work()

    assert orders(watch)["whale", "ada"] == ["ada-0", "ada-1", "ada-2", "ada-4", "ada-5", "ada-3"]


def test_a_producer_that_died_before_it_spilled_holds_up_nobody(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 5), numbered("minnow", "bob", 1)
    push_one_by_one([*whale[:3], *minnow])
    enqueue._push_direct({("whale", 0): [whale[3]]}, enqueue._Refused())

    node.work()

    assert (modes(watch), spilled_in_redis()) == ({"whale": (False, 1, False)}, {})
    enqueue.push(whale[4:])
    assert depth("whale") == 1


def test_a_zombie_that_leased_the_buffer_takes_nothing_of_a_later_epoch(
    node: Node, make_node: Callable[..., Node], watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    """The lane was direct in between: what it holds in Redis now is older than what is in the buffer now."""
    whale, minnow, zombie = numbered("whale", "ada", 10), numbered("minnow", "bob", 1), make_node()
    push_one_by_one(whale[:4])
    node.turn()
    assert zombie.lease()
    fetched = zombie.fetch()
    assert [(len(lane.events), lane.epoch) for lane in fetched] == [(0, 0)]
    let_expire(valkey, zombie.bundle)
    node.work()
    push_one_by_one([*whale[4:], *minnow])
    assert (depth("whale"), len(buffered(watch))) == (3, 3)

    report = zombie.executor.execute(fetched)

    assert (zombie.settle(report), orders(watch)) == (-1, by_lead(ids(whale[:4])))
    node.work()
    assert orders(watch) == by_lead(ids([*whale, *minnow]))


@pytest.mark.parametrize("first", ["zombie", "owner"])
def test_a_zombie_and_the_new_owner_execute_what_is_in_the_buffer_once(
    first: str, make_node: Callable[..., Node], watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    whale, minnow = numbered("whale", "ada", 8), numbered("minnow", "bob", 8)
    enqueue.push([*whale, *minnow])
    zombie, owner = make_node(), make_node()
    zombie.lease()
    seen = zombie.fetch()
    let_expire(valkey, zombie.bundle)
    owner.lease()
    taken = owner.fetch()

    if first == "zombie":
        late, report = zombie.executor.execute(seen), owner.executor.execute(taken)
    else:
        report, late = owner.executor.execute(taken), zombie.executor.execute(seen)

    assert (zombie.settle(late), owner.settle(report)) == (-1, 1)
    owner.work()
    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert (buffered(watch), spilled_in_redis()) == ([], {})


def test_a_lane_that_a_producer_is_writing_to_is_passed_by(node: Node, watch: psycopg.Connection) -> None:
    """It does not hold up the bundle, in which other tenants are."""
    whale, minnow = numbered("whale", "ada", 5), numbered("minnow", "bob", 5)
    enqueue.push([*whale, *minnow])
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"]) as producer:
        producer.execute("SELECT FROM engine_lanemode WHERE tenant_id = 'whale' FOR UPDATE")
        node.work()
        assert orders(watch) == by_lead(ids([*whale, *minnow]))
        assert {tenant: spilled for tenant, (spilled, *_) in modes(watch).items()} == {"whale": True, "minnow": False}

    let_waits_end()
    node.work()
    assert spilled_in_redis() == {}
