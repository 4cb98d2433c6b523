"""Back pressure: what a lane cannot hold waits in PostgreSQL and is executed from there, in order, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from engine import enqueue
from engine.enqueue import TASK_TYPE
from engine.types import encode
from tests.events import event
from tests.integration.engine.bundles import dead, effects, ids
from tests.integration.engine.conftest import PREFIX, let_expire, names
from tests.integration.engine.spilling import (
    Node,
    buffered,
    by_lead,
    depth,
    let_waits_end,
    limit,
    modes,
    numbered,
    orders,
    push_one_by_one,
    refused_of,
    spilled_in_redis,
)

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def test_a_deep_lane_spills_is_executed_in_order_and_goes_direct_again(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 20), numbered("minnow", "bob", 2)
    push_one_by_one([*whale, *minnow])
    assert (depth("whale"), depth("minnow"), len(buffered(watch))) == (3, 2, 17)
    assert spilled_in_redis() == {"whale|0": 0}

    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert (buffered(watch), modes(watch), spilled_in_redis()) == ([], {"whale": (False, 1, False)}, {})
    more = numbered("whale", "ada", 3, first=20)
    push_one_by_one(more)
    assert (depth("whale"), buffered(watch)) == (3, [])
    node.work()
    assert orders(watch) == by_lead(ids([*whale, *minnow, *more]))


def test_what_comes_while_the_buffer_is_emptied_goes_behind_it(node: Node, watch: psycopg.Connection) -> None:
    whale = numbered("whale", "ada", 40)
    minnow = numbered("minnow", "bob", 40)
    for first in range(0, 40, 5):
        enqueue.push([*whale[first : first + 5], *minnow[first : first + 5]])
        node.turn()
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert spilled_in_redis() == {}


def test_the_epoch_rises_each_time(node: Node, watch: psycopg.Connection) -> None:
    for turn in range(3):
        enqueue.push([*numbered("whale", "ada", 5, first=5 * turn), *numbered("minnow", "bob", 1, first=turn)])
        node.work()

    assert modes(watch) == {"whale": (False, 3, False)}
    assert len(effects(watch)) == 18


def test_more_than_redis_and_the_buffer_hold_is_refused_in_order(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, spill_limit=4)
    whale, minnow = numbered("whale", "ada", 9), numbered("minnow", "bob", 1)
    push_one_by_one(whale[:7])

    assert refused_of([whale[7], *minnow, whale[8]]) == [whale[7], whale[8]]

    assert (depth("whale"), len(buffered(watch))) == (3, 4)
    node.work()
    assert orders(watch) == by_lead(ids([*whale[:7], *minnow]))
    assert refused_of(whale[7:]) == []


def test_tenants_do_not_share_a_full_buffer(watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, lane_limit=0, spill_limit=2)

    assert len(refused_of([*numbered("whale", "ada", 3), *numbered("minnow", "bob", 2)])) == 3
    assert buffered(watch) == [("minnow", 1), ("minnow", 2)]


def test_a_poisoned_event_in_the_buffer_is_buried_with_its_bytes(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 8), numbered("minnow", "bob", 5)
    bad = event("whale", "eve", "bad", "fail", at=whale[-1].accepted_at, big=12345678901234567890)
    push_one_by_one([*whale[:5], bad, *whale[5:], *minnow])

    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert [row[:4] for row in dead(watch)] == [("whale", 0, "eve", "bad")]
    assert watch.execute("SELECT payload FROM engine_deadletter").fetchall() == [(encode(bad),)]
    assert (buffered(watch), modes(watch)["whale"]) == ([], (False, 1, False))


def test_an_event_in_the_buffer_that_wants_to_be_tried_again_holds_its_lane(
    node: Node, watch: psycopg.Connection, tmp_path: Path
) -> None:
    whale, minnow = numbered("whale", "ada", 8), numbered("minnow", "bob", 5)
    again = event("whale", "ada", "ada-again", "retry-once", at=whale[5].accepted_at, marker=str(tmp_path / "begun"))
    push_one_by_one([*whale[:5], again, *whale[5:], *minnow])

    while buffered(watch):
        node.work()
        let_waits_end()

    assert orders(watch) == by_lead(ids([*whale[:5], again, *whale[5:], *minnow]))
    assert dead(watch) == []


def test_an_event_in_the_buffer_that_kills_its_process_is_found(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    """Here it dies of its own: the lease ends without an outcome."""
    whale, minnow = numbered("whale", "ada", 8), numbered("minnow", "bob", 5)
    bad = event("whale", "eve", "bad", "exit", at=whale[-1].accepted_at)
    push_one_by_one([*whale[:5], bad, *whale[5:], *minnow])

    for _ in range(30):
        if not node.lease():
            break
        works, _ = node.executor._read(node.fetch())
        if any(bad in work.events and work.tries < 3 for work in works):
            let_expire(valkey, node.bundle)
        else:
            node.settle(node.executor.execute(node.fetch()))

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert [row[3:5] for row in dead(watch)] == [("bad", 3)]
    assert not valkey.hlen(PREFIX + "suspects") and not valkey.hlen(PREFIX + "attempts")


@pytest.mark.parametrize("crash", [False, True])
def test_an_ordinary_task_in_the_buffer_runs_in_its_order(
    crash: bool, make_node: Callable[..., Node], watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    ran: list[str] = []
    node = make_node(run_task=lambda task: ran.append(task.id))
    whale, minnow = numbered("whale", "ada", 8, type=TASK_TYPE), numbered("minnow", "bob", 5)
    push_one_by_one([*whale, *minnow])

    for turn in range(20):
        if not node.lease():
            break
        report = node.executor.execute(node.fetch())
        if crash and turn % 2:
            let_expire(valkey, node.bundle)
        else:
            node.settle(report)

    assert ran == [task.id for task in whale]
    assert (orders(watch), buffered(watch)) == (by_lead(ids(minnow)), [])


def test_a_crash_between_commit_and_settle_repeats_and_loses_nothing(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    whale, minnow = numbered("whale", "ada", 30), numbered("minnow", "bob", 10)
    enqueue.push([*whale, *minnow])
    for turn in range(200):
        if not node.lease():
            break
        report = node.executor.execute(node.fetch())
        if turn % 3:
            let_expire(valkey, node.bundle)
        else:
            node.settle(report)

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert (buffered(watch), spilled_in_redis(), dead(watch)) == ([], {}, [])


def test_deaths_after_the_commit_are_not_blamed_on_the_event_behind(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    """The event has left the buffer with its effects; who is first now was never begun."""
    whale, minnow = numbered("whale", "ada", 30), numbered("minnow", "bob", 5)
    enqueue.push([*whale, *minnow])

    for _ in range(40):
        if not node.lease():
            break
        node.executor.execute(node.fetch())
        let_expire(valkey, node.bundle)
    node.work()

    assert (orders(watch), dead(watch)) == (by_lead(ids([*whale, *minnow])), [])
    assert not names(valkey) & {"suspects", "narrow", "attempts", "tried"}
