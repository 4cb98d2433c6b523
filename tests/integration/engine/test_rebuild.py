"""Lanes are rebuilt from the journal: nothing lost, nothing twice, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import redis
from django.core.management import CommandError, call_command

from engine import control, enqueue, journalled, rebuild, spill
from engine.abort import abort
from engine.embedded import Servers
from engine.lanes import FetchedLane, lanes
from engine.rights import operator
from tests.integration.engine.bundles import Connect, dead, ids
from tests.integration.engine.journalling import fresh, journal_on, lose_everything, rebuild_now, settled
from tests.integration.engine.spilling import (
    PREFIX,
    Node,
    buffered,
    by_lead,
    depth,
    limit,
    modes,
    orders,
    push_one_by_one,
    refused_of,
    spilled_in_redis,
    tell_modes,
)

pytestmark = pytest.mark.usefixtures("effects", "small_lanes", "journal")


@pytest.fixture
def journal(small_lanes: None, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """On, and Redis has lost nothing yet."""
    with journal_on(monkeypatch):
        limit(monkeypatch, lane_limit=100)
        rebuild_now(watch)
        yield


def done_in_order(watch: psycopg.Connection, *of: Any) -> None:
    assert orders(watch) == by_lead(ids([one for some in of for one in some]))
    assert (buffered(watch), dead(watch)) == ([], [])


def test_with_a_journal_events_go_to_their_lanes_as_ever(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = fresh("whale", "ada", 5), fresh("minnow", "bob", 2)
    enqueue.push([*whale, *minnow])

    assert (depth("whale"), depth("minnow"), modes(watch)) == (5, 2, {})
    node.work()
    done_in_order(watch, whale, minnow)


def test_nothing_is_lost_with_all_of_redis(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = fresh("whale", "ada", 9), fresh("minnow", "bob", 3)
    push_one_by_one([*whale, *minnow])
    node.turn()
    lose_everything()

    rebuild_now(watch)
    node.work()

    done_in_order(watch, whale, minnow)
    assert not any(spilled for spilled, *_ in modes(watch).values())
    assert spilled_in_redis() == {}
    more = fresh("whale", "ada", 2, first=9)
    push_one_by_one(more)
    assert depth("whale") == 2
    node.work()
    done_in_order(watch, whale, minnow, more)


def test_until_the_rebuild_nothing_is_executed_and_new_events_wait_behind_what_was_lost(
    node: Node, watch: psycopg.Connection
) -> None:
    whale, minnow = fresh("whale", "ada", 9), fresh("minnow", "bob", 2)
    push_one_by_one(whale[:6])
    lose_everything()

    push_one_by_one([*whale[6:], *minnow])
    tell_modes(watch)
    assert not node.turn()
    assert (depth("whale"), depth("minnow")) == (0, 0)

    rebuild_now(watch)
    node.work()
    done_in_order(watch, whale, minnow)


def test_what_was_spilled_before_stays_behind_what_redis_lost(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, lane_limit=3)
    whale, minnow = fresh("whale", "ada", 8), fresh("minnow", "bob", 2)
    push_one_by_one([*whale, *minnow])
    assert (depth("whale"), len(buffered(watch))) == (3, 5)
    lose_everything()
    tell_modes(watch)

    rebuild_now(watch)
    assert [number for tenant, number in buffered(watch) if tenant == "whale"] == [-3, -2, -1, 1, 2, 3, 4, 5]
    node.work()
    done_in_order(watch, whale, minnow)


def test_what_was_done_is_not_put_back(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = fresh("whale", "ada", 3), fresh("minnow", "bob", 2)
    push_one_by_one([*whale, *minnow])
    node.work()
    lose_everything()

    rebuild_now(watch)

    assert (buffered(watch), modes(watch)) == ([], {})


def test_an_event_in_work_while_redis_lost_it_is_executed_once(
    make_node: Callable[..., Node], watch: psycopg.Connection
) -> None:
    whale, minnow = fresh("whale", "ada", 6), fresh("minnow", "bob", 2)
    push_one_by_one([*whale, *minnow])
    anna, boris = make_node(), make_node()
    anna.lease()
    fetched = anna.fetch()
    lose_everything()
    rebuild_now(watch)
    boris.turn()
    report = anna.executor.execute(fetched)
    assert anna.settle(report) == -1
    boris.work()

    done_in_order(watch, whale, minnow)


@pytest.mark.parametrize("begun_again", [False, True])
def test_a_second_loss_during_the_rebuild_is_noticed(
    begun_again: bool, node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when somebody else has begun since then: this rebuild may have missed what was spilled meanwhile."""
    whale, minnow = fresh("whale", "ada", 6), fresh("minnow", "bob", 2)
    push_one_by_one([*whale, *minnow])
    lose_everything()
    run = rebuild.Rebuild.run

    def then_lost(self: rebuild.Rebuild) -> int:
        put = run(self)
        lose_everything()
        if begun_again:
            lanes().begin_rebuild("default", "somebody else's")
        return put

    with monkeypatch.context() as patch:
        patch.setattr(rebuild.Rebuild, "run", then_lost)
        rebuild_now(watch)
    assert lanes().marker("default") is None
    assert not node.turn()

    rebuild_now(watch)
    assert len(buffered(watch)) == 8
    node.work()
    done_in_order(watch, whale, minnow)


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_a_rebuild_that_broke_off_is_done_again(
    batches: int, node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "ROWS_AT_ONCE", 2)
    whale, minnow = fresh("whale", "ada", 6), fresh("minnow", "bob", 2)
    push_one_by_one([*whale[:3], *minnow, *whale[3:]])
    lose_everything()
    put, calls = rebuild.Rebuild._put, iter(range(100))

    def broken(self: rebuild.Rebuild, front: Any) -> None:
        if next(calls) == batches:
            raise redis.ConnectionError("the process dies here")
        put(self, front)

    with monkeypatch.context() as patch:
        patch.setattr(rebuild.Rebuild, "_put", broken)
        rebuild_now(watch)
    assert not node.turn()
    more = fresh("whale", "ada", 2, first=6)
    push_one_by_one(more)

    rebuild_now(watch)
    assert len(buffered(watch)) == 10
    node.work()
    done_in_order(watch, whale, minnow, more)


@pytest.mark.breaks_lanes
def test_a_restarted_redis_that_lost_its_tail_gets_it_back(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis, servers: Servers
) -> None:
    whale, minnow = fresh("whale", "ada", 6), fresh("minnow", "bob", 2)
    push_one_by_one([*whale[:3], *minnow])
    push_one_by_one(whale[3:])
    key = f"{PREFIX}t.whale.0"
    valkey.ltrim(key, 0, 2)  # as the append-only file would say without its end
    servers.valkey.kill()
    servers.valkey.start()
    lanes().client.connection_pool.disconnect()
    assert lanes().marker("default") is None

    more = fresh("whale", "ada", 1, first=6)
    push_one_by_one(more)
    rebuild_now(watch)
    node.work()

    done_in_order(watch, whale, minnow, more)


@pytest.mark.breaks_lanes
def test_an_operator_has_lanes_rebuilt_that_were_lost_without_a_trace(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    whale, minnow = fresh("whale", "ada", 6), fresh("minnow", "bob", 2)
    push_one_by_one([*whale[:4], *minnow])
    valkey.delete(f"{PREFIX}t.whale.0")
    push_one_by_one(whale[4:])
    rebuild_now(watch)
    assert depth("whale") == 2

    call_command("rebuild_lanes")
    call_command("rebuild_lanes")

    said = capsys.readouterr().out.splitlines()
    assert said == [
        "The lanes are rebuilt: 8 events were put in front of them.",
        "The lanes are rebuilt: 0 events were put in front of them.",
    ]
    node.work()
    done_in_order(watch, whale, minnow)


def test_two_do_not_rebuild_at_once(watch: psycopg.Connection, connect: Connect) -> None:
    with journalled.alone(connect(), "engine_journal_rebuild"):
        assert rebuild.rebuild_lanes(watch) is None
        with pytest.raises(CommandError, match="somebody else is at it"):
            call_command("rebuild_lanes")
    assert rebuild.rebuild_lanes(watch) == 0


def test_a_producer_that_slept_since_before_the_loss_writes_behind_what_was_lost(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told to spill at an epoch that is over."""
    limit(monkeypatch, lane_limit=3)
    whale, minnow = fresh("whale", "ada", 4), fresh("minnow", "bob", 1)
    push_one_by_one([*whale[:3], *minnow])
    refused = enqueue._Refused()
    told, _ = enqueue._push_direct({("whale", 0): whale[3:]}, refused)
    lose_everything()
    rebuild_now(watch)

    again = enqueue._spill(told, False, refused)
    assert again == {("whale", 0): whale[3:]}
    enqueue.deliver(again)
    node.work()
    done_in_order(watch, whale, minnow)


def test_who_slept_since_before_the_loss_removes_nothing_of_what_was_put_back(
    make_node: Callable[..., Node], watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that came back would be that of another event."""
    limit(monkeypatch, lane_limit=0)
    whale, minnow = fresh("whale", "ada", 4), fresh("minnow", "bob", 1)
    push_one_by_one([*whale[:2], *minnow])
    zombie, boris = make_node(), make_node()
    zombie.lease()
    works, short = zombie.executor._read(zombie.fetch())
    assert sorted(number for work in works for _, _, number in work.spilled()) == [1, 1, 2]
    lanes().client.zadd(f"{PREFIX}bundles", {zombie.bundle: 1}, xx=True)
    boris.work()
    limit(monkeypatch, lane_limit=100)
    push_one_by_one(whale[2:])
    lose_everything()
    rebuild_now(watch)

    with monkeypatch.context() as patch:
        patch.setattr(zombie.executor, "_read", lambda _: (works, short))
        zombie.executor.execute([FetchedLane(work.tenant, 0, 0, []) for work in works])

    assert len(buffered(watch)) == 2
    boris.work()
    done_in_order(watch, whale, minnow)


def test_a_lead_with_an_event_on_its_way_keeps_its_order(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is in the journal, its producer has not come to the lane; later ones of the lead are spilled."""
    whale, minnow = fresh("whale", "ada", 5), fresh("minnow", "bob", 2)
    lose_everything()
    push_one_by_one([*whale[:2], *minnow])
    with monkeypatch.context() as patch:
        patch.setattr(enqueue, "_deliver", lambda *_: None)
        enqueue.push(whale[2:3])
    push_one_by_one(whale[3:])
    assert len(buffered(watch)) == 6

    rebuild_now(watch)
    enqueue.deliver({("whale", 0): whale[2:3]})
    node.work()
    done_in_order(watch, whale, minnow)


def test_a_full_buffer_refuses_before_anything_is_journalled(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, lane_limit=0, spill_limit=2)
    whale, minnow = fresh("whale", "ada", 5), fresh("minnow", "bob", 1)
    assert refused_of(whale[:3]) == []  # nobody knew
    assert refused_of([*whale[3:], *minnow]) == whale[3:]
    last = settled(watch)[1]
    assert refused_of(whale[3:]) == whale[3:]
    assert settled(watch)[1] == last

    lose_everything()
    rebuild_now(watch)
    node.work()
    done_in_order(watch, whale[:3], minnow)


def test_what_a_rebuild_put_in_front_counts_as_held(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, lane_limit=3)
    push_one_by_one([*fresh("whale", "ada", 5), *fresh("minnow", "bob", 1)])
    lose_everything()
    rebuild_now(watch)

    answer = spill.accept("whale", [spill.Order(0, fresh("whale", "ada", 1, first=5))], 5)
    assert [order.lane for order in answer.full] == [0]
    answer = spill.accept("whale", [spill.Order(0, fresh("whale", "ada", 1, first=5))], 6)
    assert answer.full == []


@pytest.mark.parametrize("lane_limit", [100, 0])
def test_what_was_thrown_away_does_not_come_back(
    lane_limit: int, node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But the same event sent again is executed, though what was thrown away may be in the buffer still."""
    limit(monkeypatch, lane_limit=lane_limit)
    whale, minnow = fresh("whale", "ada", 4), fresh("minnow", "bob", 2)
    push_one_by_one([*whale, *minnow])
    abort("whale", by="test")
    node.work()
    limit(monkeypatch, lane_limit=100)
    push_one_by_one(whale[1:2])
    assert depth("whale") == 1
    lose_everything()

    rebuild_now(watch)
    node.work()
    spill.remove_aborted(watch)

    done_in_order(watch, whale[1:2], minnow)


def test_what_a_rebuild_put_back_can_be_thrown_away(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = fresh("whale", "ada", 4), fresh("minnow", "bob", 2)
    push_one_by_one([*whale[:3], *minnow])
    lose_everything()
    rebuild_now(watch)

    assert abort("whale", by="test").events == 3
    push_one_by_one(whale[3:])
    node.work()
    spill.remove_aborted(watch)

    done_in_order(watch, whale[3:], minnow)
    assert spill.count_held("whale") == 0


def test_a_paused_tenant_is_paused_after_the_rebuild(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = fresh("whale", "ada", 2), fresh("minnow", "bob", 2)
    push_one_by_one([*whale, *minnow])
    with operator():
        control.pause("whale")
    lose_everything()

    rebuild_now(watch)
    node.work()
    assert orders(watch) == by_lead(ids(minnow))

    with operator():
        control.resume("whale")
    node.work()
    done_in_order(watch, minnow, whale)
