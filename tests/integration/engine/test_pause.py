"""Paused: nothing of a tenant is leased, everything is accepted, nobody else notices."""

from __future__ import annotations

import psycopg
import pytest
import redis

from engine import control, enqueue
from engine.errors import BrokerDown
from engine.lanes import Cost, LaneOutcome, Lanes, lanes
from engine.rights import operator
from tests.integration.engine.bundles import ids
from tests.integration.engine.conftest import PREFIX, names
from tests.integration.engine.spilling import Node, buffered, by_lead, numbered, orders, push_one_by_one, tell_modes

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def standings() -> dict[str, str]:
    return {row["tenant"]: row["standing"] for row in lanes().look()["tenants"]}


def test_a_paused_tenant_waits_and_goes_on_in_order(node: Node, watch: psycopg.Connection, valkey: redis.Redis) -> None:
    whale, minnow = numbered("whale", "ada", 12), numbered("minnow", "bob", 4)
    push_one_by_one([*whale[:2], *minnow[:2]])

    control.pause("whale")
    node.work()
    push_one_by_one([*whale[2:], *minnow[2:]])
    node.work()

    assert orders(watch) == by_lead(ids(minnow))
    assert (standings(), lanes().depth("whale", 0), len(buffered(watch))) == ({"whale": "paused"}, 3, 9)
    assert not names(valkey) & {"ring:default", "away:default", "debt:default", "cost:default"}
    control.resume("whale")
    node.work()
    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_what_is_in_work_when_a_tenant_is_paused_is_finished(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 3), numbered("minnow", "bob", 1)
    enqueue.push(whale[:2])
    assert node.lease()

    control.pause("whale")
    enqueue.push([*whale[2:], *minnow])
    node.settle(node.executor.execute(node.fetch()))
    node.work()

    assert orders(watch) == by_lead(ids([*whale[:2], *minnow]))


def test_a_paused_tenant_wakes_nobody_and_holds_up_no_housekeeping(valkey: redis.Redis) -> None:
    """The minnow's debt is forgotten once nobody works, though the whale has events."""
    enqueue.push([*numbered("whale", "ada", 3), *numbered("minnow", "bob", 1)])
    control.pause("whale")
    assert lanes().lease("b1", "node:1", "default") == [("minnow", 0, 1)]
    valkey.delete("lanes")

    lanes().settle("b1", [LaneOutcome("minnow", 0, 1)], {"minnow": Cost(9.0, 1)})
    enqueue.push(numbered("whale", "ada", 3, first=3))

    assert not lanes().sweep(["default"])
    left = {"t.whale.0", "ready:whale", "tenant:whale", "depth", "clock:default", "counts", "spill"}
    assert names(valkey) == left


def test_a_pause_earns_no_credit(valkey: redis.Redis) -> None:
    enqueue.push([*numbered("whale", "ada", 3), *numbered("minnow", "bob", 3)])
    control.pause("whale")
    valkey.set(PREFIX + "clock:default", 500)

    control.resume("whale")

    assert valkey.zscore(PREFIX + "ring:default", "whale") == 500


def test_a_paused_tenant_stays_so_when_redis_loses_its_memory(node: Node, watch: psycopg.Connection) -> None:
    """What waits in PostgreSQL is told after it."""
    whale, minnow = numbered("whale", "ada", 9), numbered("minnow", "bob", 9)
    push_one_by_one([*whale, *minnow])
    control.pause("whale")

    lanes().client.flushdb()
    tell_modes(watch)
    node.work()

    assert orders(watch) == by_lead(ids(minnow[3:]))
    control.resume("whale")
    node.work()
    assert orders(watch) == by_lead(ids([*whale[3:], *minnow[3:]]))


def test_what_redis_could_not_be_told_is_said_and_told_again(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = numbered("whale", "ada", 2), numbered("minnow", "bob", 2)
    enqueue.push([*whale, *minnow])
    control.pause("whale")
    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "configure", _unreachable)
        with pytest.raises(BrokerDown, match="is stored"):
            control.resume("whale")
    node.work()
    assert orders(watch) == by_lead(ids(minnow))

    control.restore()
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def _unreachable(*_: object) -> None:
    raise redis.ConnectionError("gone")


def test_an_unknown_tenant_is_refused() -> None:
    with pytest.raises(ValueError, match="no tenant 'shark'"):
        control.pause("shark")


def test_only_operators_change_a_tenants_state(watch: psycopg.Connection) -> None:
    """What the block was told of rights does not outlive it."""
    with operator() as cursor:
        cursor.execute("SELECT 1")
        control.pause("minnow")
        cursor.execute("UPDATE engine_tenantcontrol SET rate = 1 WHERE tenant_id = 'whale'")
        assert cursor.rowcount == 1

    with psycopg.connect(watch.info.dsn, user="fairlane_app", password=watch.info.password) as app:
        assert app.execute("UPDATE engine_tenantcontrol SET state = 'paused'").rowcount == 0
        assert app.execute("SELECT FROM engine_abort").fetchall() == []
