"""Slots: handed out once for each run, in the transaction that stores it, from the buckets of its own tenant."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from campaigns import handler, runs, slots
from campaigns.tenancy import tenant_context
from engine import db
from engine.types import Event
from tests.integration.campaigns.bundling import NOW, execute, purchase
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant

SECOND = timedelta(seconds=1)
NOTE = {"id": "note", "action": "add_note", "params": {"text": "through"}}


def throttled(**more: Any) -> dict[str, Any]:
    params = {"key": "sms", "rate": 60, "per": "minute"} | more
    trigger = {"type": "event", "event": "purchase"}
    return {"triggers": [trigger], "steps": [{"id": "slow", "action": "throttle", "params": params}, NOTE]}


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)


def publish(document: dict[str, Any], *tenants: str) -> None:
    for tenant in tenants or (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "slow", document)


def purchases(tenant: str, *leads: int) -> list[Event]:
    return [purchase(tenant, f"{lead}", f"p{lead}") for lead in leads]


def wakes(worker: psycopg.Connection, tenant: str) -> list[float]:
    """In how many seconds each run is told, in order."""
    query = "SELECT wake_at FROM campaigns_parkedrun WHERE campaign_id > 0 AND tenant_id = %s ORDER BY wake_at"
    return [(at - NOW).total_seconds() for (at,) in worker.execute(query, [tenant])]


def through(worker: psycopg.Connection, tenant: str) -> int:
    query = "SELECT count(*) FROM campaigns_activity WHERE kind = 'note_added' AND tenant_id = %s"
    ((count,),) = worker.execute(query, [tenant]).fetchall()
    return count


def test_each_run_has_a_slot_of_its_own_from_its_own_tenants_bucket(worker: psycopg.Connection) -> None:
    publish(throttled(burst=2))
    execute(worker, purchases(ACME, 1, 2, 3))
    execute(worker, purchases(ZETA, 1))
    execute(worker, purchases(ACME, 4, 5))
    assert wakes(worker, ACME) == [0, 0, 1, 2, 3]
    assert wakes(worker, ZETA) == [0]


def test_runs_go_on_in_their_slots(worker: psycopg.Connection, pushed: list[Event]) -> None:
    publish(throttled())
    execute(worker, purchases(ACME, 1, 2, 3))
    for second, count in ((0, 1), (1, 2), (2, 3)):
        pushed.clear()
        runs.wake_due(worker, NOW + second * SECOND)
        execute(worker, pushed, NOW + second * SECOND)
        assert through(worker, ACME) == count
    assert wakes(worker, ACME) == []


def test_those_too_many_are_told_at_once_and_take_no_slot(worker: psycopg.Connection, pushed: list[Event]) -> None:
    publish(throttled(overflow="branch", on_overflow=[NOTE | {"id": "other"}]))
    execute(worker, purchases(ACME, 1, 2, 3))
    assert wakes(worker, ACME) == [0, 0, 0]
    runs.wake_due(worker, NOW)
    execute(worker, pushed)
    query = "SELECT step, count(*) FROM campaigns_activity WHERE kind = 'note_added' AND tenant_id = %s GROUP BY step"
    assert dict(worker.execute(query, [ACME]).fetchall()) == {"note": 3, "other": 2}
    execute(worker, purchases(ACME, 4), NOW + SECOND)
    assert wakes(worker, ACME) == [1]


def test_a_bundle_that_fails_has_taken_no_slot(worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(throttled(), ACME)
    with pytest.raises(RuntimeError, match="power cut"), worker.transaction():
        handler.handle(worker, purchases(ACME, 1), NOW)
        raise RuntimeError("power cut")
    execute(worker, purchases(ACME, 1))
    assert wakes(worker, ACME) == [0]


def test_bundles_that_take_from_the_same_buckets_wait_for_each_other_and_not_in_a_circle(
    worker: psycopg.Connection,
) -> None:
    publish(throttled(key="{{ event.amount }}"), ACME)
    execute(worker, purchases(ACME, 100))  # the rulebook is compiled
    failures: list[Exception] = []

    def take(turn: int) -> None:
        with db.connect(os.environ["WORKER_DATABASE_URL"], "fairlane-test") as connection:
            for place in range(10):
                events = [
                    replace(event, lead=f"{turn}-{place}-{amount}", data={"amount": amount})
                    for event, amount in zip(purchases(ACME, 1, 2, 3), ("123" if turn else "321"), strict=True)
                ]
                try:
                    with connection.transaction():
                        handler.handle(connection, events, NOW)
                except psycopg.Error as error:
                    failures.append(error)

    threads = [threading.Thread(target=take, args=[turn]) for turn in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    query = "SELECT key, next_at FROM campaigns_slotbucket WHERE tenant_id = %s AND key IN ('1', '2', '3') ORDER BY key"
    found = {key: (at - NOW).total_seconds() for key, at in worker.execute(query, [ACME])}
    assert found == {"1": 21, "2": 20, "3": 20}  # the first purchase was of 1


def test_a_bucket_that_nobody_takes_from_is_forgotten(worker: psycopg.Connection) -> None:
    publish(throttled())
    execute(worker, purchases(ACME, 1), NOW - timedelta(days=3))
    execute(worker, purchases(ZETA, 1))
    slots.forget_buckets(worker)
    assert worker.execute("SELECT tenant_id FROM campaigns_slotbucket WHERE key = 'sms'").fetchall() == [(ZETA,)]
