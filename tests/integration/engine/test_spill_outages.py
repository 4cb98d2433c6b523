"""Back pressure: events are accepted and keep their order while Redis is away or full; who sees the buffer."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
import redis
from django.db import connection, transaction
from psycopg import errors as database_errors

from engine import control, enqueue, spill
from engine.embedded import Servers
from engine.errors import BrokerDown, LaneFull
from engine.lanes import Lanes, lanes
from engine.types import Event
from tests.acceptance.harness import wait_until
from tests.integration.engine.bundles import Connect, ids
from tests.integration.engine.spilling import (
    Node,
    buffered,
    by_lead,
    depth,
    limit,
    modes,
    numbered,
    orders,
    push_one_by_one,
    refused_of,
    spilled_in_redis,
    tell_modes,
)

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def test_while_redis_is_down_events_are_spilled_and_keep_their_order_across_it(
    node: Node, watch: psycopg.Connection, servers: Servers
) -> None:
    whale, minnow = numbered("whale", "ada", 9), numbered("minnow", "bob", 2)
    push_one_by_one(whale[:2])
    servers.valkey.kill()
    try:
        push_one_by_one([*whale[2:5], minnow[0]])
    finally:
        servers.valkey.start()
    lanes().client.connection_pool.disconnect()
    assert modes(watch) == {"whale": (True, 0, True), "minnow": (True, 0, True)}
    enqueue._untold.clear()
    push_one_by_one([whale[5], minnow[1]])  # by another process, and Redis has not been told
    assert depth("whale") == 3

    node.turn()
    tell_modes(watch)
    push_one_by_one(whale[6:])
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert (buffered(watch), spilled_in_redis()) == ([], {})
    assert modes(watch) == {"whale": (False, 1, False), "minnow": (False, 1, False)}


def test_a_process_that_spilled_blindly_tells_redis_before_it_pushes_again(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clocks do not matter to the order of what one process accepts."""
    whale, minnow = numbered("whale", "ada", 4), numbered("minnow", "bob", 1)
    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "push", _unreachable)
        push_one_by_one([whale[3], *minnow])

    push_one_by_one(whale[:3])  # younger by their own clock

    assert (depth("whale"), depth("minnow"), enqueue._untold) == (0, 0, {})
    node.work()
    assert orders(watch) == by_lead(ids([whale[3], *whale[:3], *minnow]))


def _unreachable(*_: object) -> list[int]:
    raise redis.ConnectionError("gone")


def test_a_restarted_redis_costs_no_blind_spill(watch: psycopg.Connection, servers: Servers) -> None:
    """Only the connection is gone."""
    push_one_by_one(numbered("whale", "ada", 1))
    servers.valkey.kill()
    servers.valkey.start()

    push_one_by_one([*numbered("whale", "ada", 1, first=1), *numbered("minnow", "bob", 1)])

    assert (depth("whale"), depth("minnow"), modes(watch)) == (2, 1, {})


def test_a_push_whose_answer_was_lost_is_executed_once(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis has taken it and PostgreSQL too."""
    whale, minnow = numbered("whale", "ada", 3), numbered("minnow", "bob", 1)
    push = Lanes.push

    def unanswered(self: Lanes, *args: Any) -> list[int]:
        push(self, *args)
        raise redis.TimeoutError("no answer")

    enqueue.push(whale[:1])
    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "push", unanswered)
        enqueue.push([whale[1], *minnow])
    enqueue._untold.clear()
    enqueue.push(whale[2:])
    assert (depth("whale"), len(buffered(watch))) == (3, 2)

    node.work()
    tell_modes(watch)
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))
    assert buffered(watch) == []


def test_at_maxmemory_events_are_spilled_and_the_lanes_are_worked_off(
    node: Node, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    whale, minnow = numbered("whale", "ada", 6), numbered("minnow", "bob", 2)
    push_one_by_one([*whale[:2], minnow[0]])
    valkey.config_set("maxmemory", 1)
    try:
        push_one_by_one([*whale[2:4], minnow[1]])
        node.work()
        tell_modes(watch)
        node.work()
        assert orders(watch) == by_lead(ids([*whale[:4], *minnow]))
    finally:
        valkey.config_set("maxmemory", 0)

    push_one_by_one(whale[4:])
    assert depth("whale") == 2
    node.work()
    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_under_pressure_idle_lanes_are_worked_off_from_the_buffer(node: Node, watch: psycopg.Connection) -> None:
    """Somebody looks for the events at once, though Redis holds none of them."""
    lanes().press(0.9)
    whale, minnow = numbered("whale", "ada", 6), numbered("minnow", "bob", 6)
    for pair in zip(whale, minnow, strict=True):
        enqueue.push(pair)
        assert (depth("whale"), depth("minnow")) == (0, 0)
        node.work()
        assert buffered(watch) == []

    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_a_lane_that_never_stays_in_a_mode_takes_the_events_in_the_end(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle nodes close an empty lane faster than its producer writes, each time."""
    lanes().press(0.9)
    accept = spill.accept

    def overtaken(tenant: str, told: Sequence[spill.Order], most: int) -> spill.Answer:
        spill.close_drained(watch, [(tenant, order.lane) for order in told])
        return accept(tenant, told, most)

    whale, minnow = numbered("whale", "ada", 3), numbered("minnow", "bob", 1)
    with monkeypatch.context() as patch:
        patch.setattr(spill, "accept", overtaken)
        push_one_by_one([*whale, *minnow])
    tell_modes(watch)
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_nobody_takes_events_when_neither_answers(servers: Servers, watch: psycopg.Connection) -> None:
    whale = numbered("whale", "ada", 2)
    control.lane_count("whale")
    servers.valkey.kill()
    servers.postgres.stop()
    try:
        with pytest.raises(BrokerDown):
            enqueue.push(whale[:1])
    finally:
        servers.postgres.start()
        servers.valkey.start()
    lanes().client.connection_pool.disconnect()
    enqueue.push(whale[1:])
    assert depth("whale") == 1


def test_a_producer_that_stands_still_while_it_holds_a_lane_stops_the_others_for_seconds_only(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = numbered("whale", "ada", 8), numbered("minnow", "bob", 1)
    push_one_by_one([*whale[:4], *minnow])
    holds, goes_on = threading.Event(), threading.Event()
    write, ends = spill._write, []

    def stand_still(*args: Any) -> None:
        holds.set()
        goes_on.wait(30)
        write(*args)

    def push_the_fifth() -> None:
        try:
            ends.append(refused_of(whale[4:5]))
        except BrokerDown as error:
            ends.append(error)
        finally:
            connection.close()

    with monkeypatch.context() as patch:
        patch.setattr(spill, "_write", stand_still)
        sleeper = threading.Thread(target=push_the_fifth)
        sleeper.start()
        assert holds.wait(10)
    with pytest.raises(BrokerDown):
        enqueue.push(whale[4:5])
    wait_until(lambda: _is_accepted(whale[4:5]), "nobody else can spill into the lane", seconds=20)
    goes_on.set()
    sleeper.join(30)

    assert [type(end) for end in ends] == [BrokerDown]
    push_one_by_one(whale[5:])
    node.work()
    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def _is_accepted(events: Sequence[Event]) -> bool:
    try:
        enqueue.push(events)
    except BrokerDown:
        return False
    return True


def test_a_producer_goes_on_after_postgresql_came_back(node: Node, servers: Servers, connect: Connect) -> None:
    """Its old connection is of no use any more."""
    limit_of_nothing = numbered("whale", "ada", 3)
    lanes().press(0.9)
    enqueue.push(limit_of_nothing[:1])
    servers.postgres.stop()
    servers.postgres.start()
    with pytest.raises(BrokerDown):
        enqueue.push(limit_of_nothing[1:])
    enqueue.push(limit_of_nothing[1:])
    assert len(buffered(connect())) == 3


def test_nothing_is_spilled_within_a_transaction_that_could_undo_it(watch: psycopg.Connection) -> None:
    lanes().press(0.9)
    with pytest.raises(BrokerDown, match="outside of transactions"), transaction.atomic():
        enqueue.push(numbered("whale", "ada", 1))

    assert buffered(watch) == []


def test_a_tenant_neither_sees_nor_writes_anothers_buffer(watch: psycopg.Connection) -> None:
    lanes().press(0.9)
    enqueue.push([*numbered("whale", "ada", 2), *numbered("minnow", "bob", 1)])
    with psycopg.connect(os.environ["DATABASE_URL"]) as app:
        assert app.execute("SELECT FROM engine_spill").fetchall() == []
        app.execute("SELECT set_config('fairlane.tenant', 'minnow', true)")
        for table, count in {"engine_spill": 1, "engine_lanemode": 1}.items():
            assert [row[0] for row in app.execute(f"SELECT tenant_id FROM {table}")] == ["minnow"] * count  # type: ignore[arg-type]
        assert app.execute("DELETE FROM engine_spill WHERE tenant_id = 'whale'").rowcount == 0
        assert app.execute("UPDATE engine_lanemode SET epoch = 9 WHERE tenant_id = 'whale'").rowcount == 0
        for statement in (
            "INSERT INTO engine_spill VALUES ('whale', 0, 9, now(), '')",
            "INSERT INTO engine_lanemode (tenant_id, lane) VALUES ('whale', 5)",
        ):
            with pytest.raises(database_errors.InsufficientPrivilege), app.transaction():
                app.execute(statement)
    assert buffered(watch) == [("minnow", 1), ("whale", 1), ("whale", 2)]


def test_a_full_lane_of_the_transport_is_told(monkeypatch: pytest.MonkeyPatch, watch: psycopg.Connection) -> None:
    limit(monkeypatch, lane_limit=1, spill_limit=1)
    for one in numbered("whale", "ada", 2):
        enqueue.push_to_lane("whale", 0, one)

    with pytest.raises(LaneFull):
        enqueue.push_to_lane("whale", 0, numbered("whale", "ada", 1, first=2)[0])
    assert (depth("whale"), len(buffered(watch))) == (1, 1)
