"""Runs that rest: stored with the effects, told to their lanes when due, each under its own tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from campaigns import operations, runs
from campaigns.models import Campaign, CampaignVersion
from campaigns.tenancy import tenant_context
from engine import enqueue
from engine.errors import LaneFull
from engine.types import Event
from tests.integration.campaigns.bundling import NOW, due, execute, purchase
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant

DAY = timedelta(days=1)
WAIT = {"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 1, "unit": "days"}}}


def waiting(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"triggers": [{"type": "event", "event": "purchase"}], "steps": [WAIT, *steps]}


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            make_campaign(tenant, "late", waiting(step_of(tenant)))


def step_of(tenant: str) -> dict[str, Any]:
    return {"id": "note", "action": "add_note", "params": {"text": f"late in {tenant}"}}


def parked(worker: psycopg.Connection) -> list[tuple[Any, ...]]:
    query = "SELECT tenant_id, step, wake_at, waits, version FROM campaigns_parkedrun WHERE campaign_id > 0"
    return worker.execute(f"{query} ORDER BY tenant_id, lead_id, id").fetchall()


def notes(worker: psycopg.Connection) -> list[tuple[str, str]]:
    query = "SELECT tenant_id, data->>'text' FROM campaigns_activity WHERE kind = 'note_added' ORDER BY tenant_id, id"
    return worker.execute(query).fetchall()


def test_a_run_rests_and_goes_on_in_its_own_tenant(worker: psycopg.Connection, pushed: list[Event]) -> None:
    for tenant in (ACME, ZETA):
        execute(worker, [purchase(tenant)])
    assert parked(worker) == [(tenant, "wait", NOW + DAY, 1, 1) for tenant in (ACME, ZETA)]

    assert runs.wake_due(worker, NOW + DAY - timedelta(seconds=1)) == 0
    assert runs.wake_due(worker, NOW + DAY) == 2
    assert [(event.tenant, event.lead, event.type) for event in pushed] == [
        (ACME, "1", "run.due"),
        (ZETA, "1", "run.due"),
    ]

    execute(worker, [pushed[0]], NOW + DAY)
    assert notes(worker) == [(ACME, "late in acme")]
    assert [row[0] for row in parked(worker)] == [ZETA]


def test_a_run_is_told_once_and_again_only_much_later(worker: psycopg.Connection, pushed: list[Event]) -> None:
    execute(worker, [purchase(ACME)])
    assert [runs.wake_due(worker, NOW + DAY + timedelta(seconds=s)) for s in (0, 1, 60)] == [1, 0, 0]
    assert runs.wake_due(worker, NOW + DAY + runs.TOLD_AGAIN_AFTER) == 1
    first, again = pushed
    assert first.id == again.id

    execute(worker, [first, again], NOW + DAY)
    assert notes(worker) == [(ACME, "late in acme")]


def test_a_lane_that_is_full_is_told_later(worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(events: Sequence[Event]) -> None:
        raise LaneFull(events)

    execute(worker, [purchase(ACME)])
    monkeypatch.setattr(enqueue, "push", full)
    runs.wake_due(worker, NOW + DAY)
    ((_, _, wake_at, _, _),) = parked(worker)
    assert wake_at == NOW + DAY + runs.TOLD_AGAIN_AFTER


def test_nobodys_many_runs_make_another_tenants_wait(
    worker: psycopg.Connection, pushed: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "RUNS_AT_ONCE", 4)
    monkeypatch.setattr(runs, "TENANT_SHARE", 2)
    execute(worker, [purchase(ACME, f"many-{place}", f"p{place}") for place in range(12)])
    execute(worker, [purchase(ZETA)], NOW + timedelta(seconds=1))

    assert runs.wake_due(worker, NOW + 2 * DAY) == 13
    assert [event.tenant for event in due(pushed)].index(ZETA) == 4


def test_a_run_stays_on_the_version_it_was_entered_on(worker: psycopg.Connection, pushed: list[Event]) -> None:
    execute(worker, [purchase(ACME)])
    with tenant_context(ACME):
        campaign = Campaign.objects.get(key="late")
        campaign.draft = waiting({**step_of(ACME), "params": {"text": "new"}})
        campaign.save()
        operations.publish(campaign, by="ann")
    runs.wake_due(worker, NOW + DAY)
    execute(worker, due(pushed), NOW + DAY)
    assert notes(worker) == [(ACME, "late in acme")]


def test_a_run_parked_while_the_next_version_was_published_is_found(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    execute(worker, [purchase(ZETA)])
    with tenant_context(ACME):
        campaign = Campaign.objects.get(key="late")
        campaign.draft = waiting({**step_of(ACME), "params": {"text": "new"}})
        campaign.save()
        operations.publish(campaign, by="ann")
        assert CampaignVersion.objects.filter(campaign=campaign).count() == 2
    execute(worker, [purchase(ACME)])  # its rulebook has no older version: no run is on it
    worker.execute("UPDATE campaigns_parkedrun SET version = 1 WHERE campaign_id > 0 AND tenant_id = %s", [ACME])
    runs.wake_due(worker, NOW + DAY)
    execute(worker, [event for event in due(pushed) if event.tenant == ACME], NOW + DAY)
    assert notes(worker) == [(ACME, "late in acme")]


def test_the_other_events_of_a_lead_leave_its_run_unwritten(worker: psycopg.Connection) -> None:
    execute(worker, [purchase(ACME)])
    ((before,),) = worker.execute("SELECT xmin::text FROM campaigns_parkedrun WHERE campaign_id > 0").fetchall()
    execute(worker, [purchase(ACME, id="p2")])
    ((after,),) = worker.execute("SELECT xmin::text FROM campaigns_parkedrun WHERE campaign_id > 0").fetchall()
    assert before == after
