"""A campaign that loops, fails or runs too often is paused by itself, and says why; its neighbours run on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from campaigns import handler, operations, tripping
from campaigns.explaining import explain
from campaigns.models import Campaign
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant
from tests.integration.engine.bundles import executor, lane

NOW = datetime.now(UTC).replace(microsecond=0)
PURCHASE = {"type": "event", "event": "purchase"}
NOTE = {"id": "note", "action": "add_note", "params": {"text": "hello"}}
AGAIN = {"id": "again", "action": "emit_custom_activity", "params": {"type": "purchase", "attributes": {"amount": "1"}}}
BROKEN = {
    "id": "broken", "action": "emit_custom_activity",
    "params": {"type": "purchase", "attributes": {"amount": "{{ lead.orders }}"}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_tallies", tripping.Tallies())
    monkeypatch.setattr(tripping, "KEPT_RUNS", 1)
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            operations.archive(Campaign.objects.get(key="count"))


def publish(tenant: str, *steps: Any, **more: Any) -> None:
    with tenant_context(tenant):
        make_campaign(tenant, "tried", {"triggers": [PURCHASE], "steps": list(steps), **more})


def buy(worker: psycopg.Connection, tenant: str, times: int, now: datetime = NOW, lead: str = "1") -> None:
    events = [
        Event(
            id=f"{now.isoformat()}-{n}", tenant=tenant, lead=lead, type="purchase", accepted_at=NOW, occurred_at=NOW,
            data={"amount": "1"},
        )
        for n in range(times)
    ]  # fmt: skip
    assert executor(worker, handler.handle, clock=lambda: now).execute([lane(events)]).dead == 0


def state(tenant: str = ACME) -> tuple[str, str]:
    with tenant_context(tenant):
        found = Campaign.objects.get(key="tried")
        return found.status, found.tripped_why


def test_more_runs_than_are_allowed_in_an_hour_stop_a_campaign(worker: psycopg.Connection) -> None:
    for tenant in (ACME, ZETA):
        publish(tenant, NOTE, limits={"runs": 10} if tenant == ACME else {})
        buy(worker, tenant, 9)
    assert state() == ("active", "")
    buy(worker, ACME, 3, NOW + timedelta(minutes=59))
    assert state() == ("paused", "12 runs began within an hour, and 10 are allowed")
    assert state(ZETA) == ("active", "")
    assert "12 runs began" in explain(ACME, "tried", "1").verdict


def test_what_was_more_than_an_hour_ago_does_not_count(worker: psycopg.Connection) -> None:
    publish(ACME, NOTE, limits={"runs": 10})
    buy(worker, ACME, 9)
    buy(worker, ACME, 9, NOW + timedelta(minutes=61))
    assert state() == ("active", "")


def test_loops_stop_a_campaign(worker: psycopg.Connection) -> None:
    publish(ACME, AGAIN, limits={"loops": 2})
    buy(worker, ACME, 1)
    assert state() == ("active", "")
    buy(worker, ACME, 1, NOW + timedelta(seconds=1))
    assert state() == ("paused", "2 loops were stopped within an hour")


def test_steps_that_fail_in_most_runs_stop_a_campaign(worker: psycopg.Connection) -> None:
    publish(ACME, BROKEN)
    buy(worker, ACME, 99, lead="2")  # which has no orders
    assert state() == ("active", "")
    buy(worker, ACME, 1, NOW + timedelta(seconds=1), lead="2")
    assert state() == ("paused", "100 steps failed in 100 runs within an hour")


def test_who_resumes_a_stopped_campaign_begins_to_count_anew(worker: psycopg.Connection) -> None:
    publish(ACME, NOTE, limits={"runs": 10})
    buy(worker, ACME, 11)
    assert state()[0] == "paused"
    with tenant_context(ACME):
        operations.resume(Campaign.objects.get(key="tried"))
    buy(worker, ACME, 10, NOW + timedelta(seconds=1))
    assert state() == ("active", "")


def test_a_campaign_that_was_deleted_since_it_was_counted_harms_nobody(worker: psycopg.Connection) -> None:
    publish(ZETA, NOTE, limits={"runs": 1})
    buy(worker, ZETA, 1)
    handler._tallies.runs[ACME, 10**9] = 5

    buy(worker, ZETA, 1, NOW + timedelta(seconds=1))  # alone: nothing to split it from

    assert state(ZETA) == ("paused", "2 runs began within an hour, and 1 are allowed")
