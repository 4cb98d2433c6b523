"""Aborted: what waits of a tenant is gone at once, what is in hand and what comes later is executed."""

from __future__ import annotations

from typing import Any

import django.db
import psycopg
import pytest
import redis

from engine import control, enqueue, maintenance, outbox, spill
from engine.abort import abort, waiting
from engine.errors import AbortBroken
from engine.lanes import Lanes
from engine.rights import rows_of
from engine.types import Event, encode
from tests.events import event
from tests.integration.engine.bundles import ids
from tests.integration.engine.conftest import PREFIX, let_expire, names
from tests.integration.engine.spilling import (
    Node,
    buffered,
    by_lead,
    let_waits_end,
    limit,
    modes,
    numbered,
    orders,
    push_one_by_one,
    spilled_in_redis,
    tell_modes,
)

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def in_outbox(events: list[Event]) -> None:
    """Written, and not pushed: its process was killed."""
    with rows_of(events[0].tenant) as cursor:
        outbox.record(events[0].tenant, events)
        cursor.execute("UPDATE engine_outbox SET created_at = now() - interval '1 minute'")
        django.db.connection.run_on_commit.clear()


def test_all_that_waits_is_thrown_away_and_nothing_of_anybody_else(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    whale, minnow = numbered("whale", "ada", 20), numbered("minnow", "bob", 20)
    push_one_by_one([*whale[:15], *minnow[:15]])
    in_outbox(whale[15:18])
    in_outbox(minnow[15:18])
    assert (waiting("whale"), waiting("minnow")) == (18, 18)

    done = abort("whale", by="anna")

    assert (done.generation, done.events, done.in_hand) == (1, 18, 0)
    assert (waiting("whale"), waiting("minnow")) == (0, 18)
    assert not {name for name in names(valkey) if name.startswith(("t.whale", "work:whale", "tenant:whale"))}
    node.work()
    outbox.sweep(watch)
    enqueue.push([*whale[18:], *minnow[18:]])
    while outbox.sweep(watch) + node.turn():
        pass
    assert orders(watch)["whale", "ada"] == [one.id for one in whale[18:]]
    assert sorted(orders(watch)["minnow", "bob"]) == sorted(one.id for one in minnow)
    assert (spilled_in_redis(), modes(watch)["whale"]) == ({}, (False, 1, False))


def test_what_is_in_hand_is_executed_and_what_comes_after_it_is_not_trimmed(
    node: Node, watch: psycopg.Connection
) -> None:
    whale, minnow = numbered("whale", "ada", 9), numbered("minnow", "bob", 2)
    enqueue.push([*whale[:3], *minnow])
    assert node.lease()
    fetched = node.fetch()
    (in_hand,) = (lane.count for lane in fetched if lane.tenant == "whale")
    enqueue.push(whale[3:6])

    done = abort("whale", by="anna")
    push_one_by_one(whale[6:])
    node.settle(node.executor.execute(fetched))
    node.work()

    assert (done.events, done.in_hand) == (6 - in_hand, in_hand)
    assert orders(watch) == by_lead(ids([*whale[:in_hand], *whale[6:], *minnow]))


def test_what_was_spilled_while_redis_was_away_is_thrown_away_too(watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 3), numbered("minnow", "bob", 2)
    for tenant, events in (("whale", whale), ("minnow", minnow)):
        spill.accept(tenant, [spill.Order(0, events)], 100)
    assert {tenant: blind for tenant, (_, _, blind) in modes(watch).items()} == {"whale": True, "minnow": True}

    assert abort("whale", by="anna").events == 3

    assert (waiting("whale"), waiting("minnow")) == (0, 2)


def test_what_was_leased_but_not_begun_is_not_executed(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 5), numbered("minnow", "bob", 1)
    enqueue.push(whale[:3])
    assert node.lease()

    assert abort("whale", by="anna").events == 3
    enqueue.push([*whale[3:], *minnow])
    assert node.settle(node.executor.execute(node.fetch())) == 0
    node.work()

    assert orders(watch) == by_lead(ids([*whale[3:], *minnow]))


def test_what_was_in_hand_of_a_worker_that_died_is_taken_over_in_order(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    """A zombie may still commit it: it must not come behind what was accepted later."""
    whale, minnow = numbered("whale", "ada", 5), numbered("minnow", "bob", 1)
    enqueue.push(whale[:3])
    node.lease()
    in_hand = node.fetch()[0].count
    abort("whale", by="anna")
    enqueue.push([*whale[3:], *minnow])
    let_expire(valkey, node.bundle)

    node.work()

    assert orders(watch) == by_lead(ids([*whale[:in_hand], *whale[3:], *minnow]))


@pytest.mark.parametrize("dies", [False, True])
def test_what_is_in_hand_of_the_buffer_is_executed_and_no_more(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    limit(monkeypatch, lane_limit=0, bundle_events=4)
    whale, minnow = numbered("whale", "ada", 15), numbered("minnow", "bob", 2)
    enqueue.push([*whale[:12], *minnow])
    control.pause("minnow")
    node.lease()
    fetched = node.fetch()
    assert [(lane.tenant, lane.epoch, lane.count) for lane in fetched] == [("whale", 0, 4)]
    report = None if dies else node.executor.execute(fetched)

    done = abort("whale", by="anna")
    kept = 4
    assert done.events == (8 if dies else 4)  # of those that commit meanwhile as many more stay
    enqueue.push(whale[12:])
    if report:
        node.settle(report)
        kept = 8
    else:
        let_expire(valkey, node.bundle)
    control.resume("minnow")
    node.work()

    assert orders(watch) == by_lead(ids([*whale[:kept], *whale[12:], *minnow]))
    assert (spilled_in_redis(), modes(watch)["whale"][0]) == ({}, False)


def test_what_was_spilled_while_redis_was_away_is_thrown_away(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = numbered("whale", "ada", 6), numbered("minnow", "bob", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "push", _unreachable)
        enqueue.push([*whale[:3], *minnow])
    enqueue._untold.clear()
    enqueue.push(whale[3:5])

    assert abort("whale", by="anna").events == 5
    tell_modes(watch)
    enqueue.push(whale[5:])
    node.work()

    assert orders(watch) == by_lead(ids([*whale[5:], *minnow]))


def test_aborted_events_of_the_buffer_are_removed_in_pieces_and_never_executed(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, lane_limit=0, spill_limit=12)
    whale, minnow = numbered("whale", "ada", 30), numbered("minnow", "bob", 2)
    enqueue.push([*whale[:12], *minnow])
    abort("whale", by="anna")
    enqueue.push(whale[12:20])  # there is room again
    abort("whale", by="anna")
    assert spill.remove_aborted(watch, batch=5) == 5
    enqueue.push(whale[20:])
    in_outbox(whale[:1])
    abort("minnow", by="boris")

    node.work()
    assert orders(watch) == by_lead(ids(whale[20:]))
    assert len(buffered(watch)) == 15 + 2
    maintenance.remove_aborted(watch)

    assert buffered(watch) == []
    ranges = watch.execute("SELECT aborted_from, aborted_to FROM engine_lanemode").fetchall()
    assert set(ranges) == {(0, 0)}


def test_a_second_abort_brings_nothing_back_while_something_is_in_hand(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, lane_limit=0, bundle_events=4)
    whale, minnow = numbered("whale", "ada", 30), numbered("minnow", "bob", 2)
    enqueue.push(whale[:10])
    abort("whale", by="anna")
    enqueue.push([*whale[10:20], *minnow])
    control.pause("minnow")
    node.lease()
    fetched = node.fetch()
    abort("whale", by="anna")
    node.settle(node.executor.execute(fetched))
    control.resume("minnow")
    node.work()
    maintenance.remove_aborted(watch)
    node.work()

    assert set(orders(watch)["whale", "ada"]) <= {one.id for one in whale[10:14]}
    assert orders(watch)["minnow", "bob"] == [one.id for one in minnow]
    assert buffered(watch) == []


def test_an_aborted_event_that_is_sent_again_is_executed(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 2), numbered("minnow", "bob", 1)
    enqueue.push([*whale, *minnow])
    abort("whale", by="anna")

    enqueue.push(whale)
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_nothing_is_left_of_tries_and_waits(node: Node, watch: psycopg.Connection, valkey: redis.Redis) -> None:
    """A lane set aside with an event that wants to be tried again."""
    whale, minnow = numbered("whale", "ada", 2), numbered("minnow", "bob", 1)
    enqueue.push([event("whale", "eve", "again", "retry", delay=60)])
    node.turn()
    assert {"later", "suspects", "narrow", "attempts"} <= names(valkey)

    abort("whale", by="anna")
    assert not names(valkey) & {"later", "suspects", "narrow", "attempts", "depth"}
    enqueue.push([*whale, *minnow])
    let_waits_end()
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_a_transaction_that_commits_after_the_abort_keeps_its_events(node: Node, watch: psycopg.Connection) -> None:
    """Its row of the outbox may have a lower number than one that was thrown away."""
    whale, minnow = numbered("whale", "ada", 2), numbered("minnow", "bob", 1)
    with psycopg.connect(watch.info.dsn, user="fairlane_app", password=watch.info.password) as other:
        other.execute("SELECT set_config('fairlane.tenant', 'whale', true)")
        body = encode(whale[0]) + b"\n"
        other.execute(outbox.QUERIES["append_to_row_of_transaction"], {"tenant": "whale", "events": body, "count": 1})
        in_outbox(whale[1:])
        in_outbox(minnow)
        assert abort("whale", by="anna").events == 1
        other.commit()

    watch.execute("UPDATE engine_outbox SET created_at = now() - interval '1 minute'")
    outbox.sweep(watch)
    node.work()

    assert orders(watch) == by_lead(ids([*whale[:1], *minnow]))
    maintenance.remove_aborted(watch)
    assert watch.execute("SELECT FROM engine_outbox UNION ALL SELECT FROM engine_outboxaborted").fetchall() == []


def test_the_outbox_is_emptied_in_pieces(watch: psycopg.Connection) -> None:
    for one in numbered("whale", "ada", 3):
        in_outbox([one])
    in_outbox(numbered("minnow", "bob", 1))
    abort("whale", by="anna")

    assert [outbox.remove_aborted(watch, batch=2) for _ in range(3)] == [2, 1, 0]
    assert outbox.count("minnow") == 1


def test_each_abort_is_recorded(watch: psycopg.Connection) -> None:
    enqueue.push([*numbered("whale", "ada", 3), *numbered("minnow", "bob", 1)])
    abort("whale", by="anna")
    abort("whale", by="boris")

    rows = watch.execute("SELECT tenant_id, generation, aborted_by, events, ended_at >= begun_at FROM engine_abort")
    assert rows.fetchall() == [("whale", 1, "anna", 3, True), ("whale", 2, "boris", 0, True)]
    generations = watch.execute("SELECT tenant_id, generation FROM engine_tenantcontrol ORDER BY 1").fetchall()
    assert generations == [("minnow", 0), ("whale", 2)]


def test_without_redis_nothing_is_thrown_away_and_the_abort_says_so(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = numbered("whale", "ada", 9), numbered("minnow", "bob", 1)
    push_one_by_one([*whale, *minnow])
    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "abort", _unreachable)
        with pytest.raises(AbortBroken, match=r"PostgreSQL was left alone.*repeat"):
            abort("whale", by="anna")
    assert waiting("whale") == 9

    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert watch.execute("SELECT events, ended_at FROM engine_abort").fetchall() == [(None, None)]


def test_an_abort_whose_answer_was_lost_leaves_nobody_paused(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = numbered("whale", "ada", 9), numbered("minnow", "bob", 1)
    push_one_by_one([*whale, *minnow])
    throw_away = Lanes.abort

    def unanswered(self: Lanes, *args: Any) -> None:
        throw_away(self, *args)
        raise redis.TimeoutError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "abort", unanswered)
        with pytest.raises(AbortBroken, match="only its answer was lost"):
            abort("whale", by="anna")
    node.work()
    assert orders(watch) == by_lead(ids(minnow))

    control.restore()
    node.work()

    assert orders(watch) == by_lead(ids([*whale[3:], *minnow]))


def test_what_postgresql_could_not_do_is_said_and_done_by_repeating(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = numbered("whale", "ada", 9), numbered("minnow", "bob", 1)
    push_one_by_one([*whale, *minnow])
    with monkeypatch.context() as patch:
        patch.setattr(spill, "throw_away", _no_database)
        with pytest.raises(AbortBroken, match="what was in PostgreSQL is not"):
            abort("whale", by="anna")

    assert abort("whale", by="anna").events == 6
    node.work()

    assert orders(watch) == by_lead(ids(minnow))


def test_a_paused_tenant_is_aborted_and_stays_paused(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 4), numbered("minnow", "bob", 1)
    control.pause("whale")
    enqueue.push([*whale[:2], *minnow])

    abort("whale", by="anna")
    enqueue.push(whale[2:])
    node.work()

    assert orders(watch) == by_lead(ids(minnow))
    control.resume("whale")
    node.work()
    assert orders(watch) == by_lead(ids([*whale[2:], *minnow]))


def test_an_unknown_tenant_cannot_be_aborted() -> None:
    with pytest.raises(ValueError, match="no tenant 'shark'"):
        abort("shark", by="anna")


def test_fairness_forgets_who_was_aborted(valkey: redis.Redis) -> None:
    enqueue.push([*numbered("whale", "ada", 3), *numbered("minnow", "bob", 1)])

    abort("whale", by="anna")

    assert valkey.zrange(PREFIX + "ring:default", 0, -1) == [b"minnow"]


def _unreachable(*_: object) -> None:
    raise redis.ConnectionError("gone")


def _no_database(*_: object) -> None:
    raise django.db.OperationalError("gone")
