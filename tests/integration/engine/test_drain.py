"""Drained: new events of a tenant are refused at the door, what waits is executed, the outbox keeps its own."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection, transaction

from engine import control, enqueue, outbox
from engine.embedded import Servers
from engine.errors import LaneFull, TenantDraining
from engine.lanes import lanes
from engine.rights import rows_of
from engine.status import of
from tests.acceptance import tasks
from tests.integration.engine.bundles import ids
from tests.integration.engine.conftest import names
from tests.integration.engine.spilling import Node, buffered, by_lead, limit, numbered, orders, push_one_by_one

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def test_new_events_are_refused_and_what_waits_is_executed(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 12), numbered("minnow", "bob", 2)
    push_one_by_one([*whale[:9], *minnow[:1]])
    control.drain("whale")
    assert (of("whale").word, of("whale").waiting) == ("draining", 9)

    with pytest.raises(TenantDraining, match="takes no new events until it is resumed") as refused:
        enqueue.push([*whale[9:11], *minnow[1:]])
    node.work()

    assert refused.value.refused == whale[9:11]
    assert orders(watch) == by_lead(ids([*whale[:9], *minnow]))
    assert (of("whale").word, of("minnow").word) == ("drained", "active")
    control.resume("whale")
    enqueue.push(whale[9:])
    node.work()
    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_a_full_lane_of_another_tenant_is_told_apart_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, lane_limit=0, spill_limit=1)
    whale, minnow = numbered("whale", "ada", 2), numbered("minnow", "bob", 2)
    control.drain("whale")

    with pytest.raises(TenantDraining) as refused:
        enqueue.push([*whale, *minnow])
    with pytest.raises(LaneFull) as full:
        enqueue.push(minnow)

    assert refused.value.refused == [*minnow, *whale]
    assert (type(full.value), full.value.refused) == (LaneFull, minnow)


def test_the_door_is_shut_while_redis_is_away(watch: psycopg.Connection, servers: Servers) -> None:
    whale, minnow = numbered("whale", "ada", 2), numbered("minnow", "bob", 2)
    control.drain("whale")
    servers.valkey.kill()
    try:
        with pytest.raises(TenantDraining) as refused:
            enqueue.push([*whale, *minnow])
    finally:
        servers.valkey.start()
        lanes().client.connection_pool.disconnect()

    assert refused.value.refused == whale
    assert buffered(watch) == [("minnow", 1), ("minnow", 2)]


def test_what_a_signal_wrote_stays_in_the_outbox_until_the_tenant_is_resumed(
    node: Node, watch: psycopg.Connection
) -> None:
    whale, minnow = numbered("whale", "ada", 3), numbered("minnow", "bob", 1)
    control.drain("whale")
    for events in (whale[:2], whale[2:], minnow):
        with rows_of(events[0].tenant):
            outbox.record(events[0].tenant, events)
    watch.execute("UPDATE engine_outbox SET created_at = now() - interval '1 minute'")

    assert outbox.sweep(watch) == 0
    node.work()
    assert orders(watch) == by_lead(ids(minnow))
    assert (of("whale").word, of("whale").outbox, of("whale").waiting) == ("drained", 3, 0)
    assert watch.execute("SELECT size FROM engine_outbox ORDER BY id").fetchall() == [(2,), (1,)]
    control.resume("whale")
    outbox.sweep(watch)
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_a_task_for_a_lane_is_refused_when_it_is_sent() -> None:
    control.drain("whale")

    with pytest.raises(TenantDraining):
        tasks.note.apply_async(kwargs={"tenant": "whale", "lead": "ada", "n": 0})
    tasks.note.apply_async(kwargs={"tenant": "minnow", "lead": "bob", "n": 0})

    assert (lanes().waiting("whale"), lanes().waiting("minnow")) == (0, 1)


def test_a_tenant_with_events_in_work_is_not_drained_yet(node: Node) -> None:
    enqueue.push([*numbered("whale", "ada", 1), *numbered("minnow", "bob", 1)])
    control.drain("whale")
    node.lease()
    report = node.executor.execute(node.fetch())

    assert of("whale").word == "draining"
    node.settle(report)
    assert of("whale").word == "drained"
    control.resume("whale")
    assert "tenant:whale" not in names(lanes().client)


def test_a_drained_tenant_stays_shut_when_redis_loses_its_memory() -> None:
    control.drain("whale")
    lanes().client.flushdb()
    control.restore()

    with pytest.raises(TenantDraining):
        enqueue.push(numbered("whale", "ada", 1))
    enqueue.push(numbered("minnow", "bob", 1))


def test_a_transaction_that_fails_opens_no_door() -> None:
    control.drain("whale")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        control.resume("whale")
        raise ZeroDivisionError

    assert not connection.in_atomic_block
    with pytest.raises(TenantDraining):
        enqueue.push(numbered("whale", "ada", 1))
    enqueue.push(numbered("minnow", "bob", 1))
