"""Records of leads: read with the bundle, written with its effects, each under its own tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.test import Client

from campaigns import handler, keys
from campaigns.audience import Audience
from campaigns.models import Campaign, Lead
from campaigns.schema_source import load_rulebooks
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.world import ACME, ZETA, canary, make_campaign, make_tenant
from tests.integration.engine.bundles import executor, lane

INVITE = {"id": "invite", "action": "change_program_status", "params": {"program": "webinar", "status": "invited"}}
ATTEND = {"id": "attend", "action": "change_program_status", "params": {"program": "webinar", "status": "attended"}}
RESUME = {"id": "resume", "action": "resume_marketing", "params": {}}


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)


def purchases(tenant: str, *amounts: int) -> list[Event]:
    now = datetime.now(UTC)
    return [
        Event(
            id=f"{tenant}-{amount}", tenant=tenant, lead="1", type="purchase", accepted_at=now, occurred_at=now,
            data={"amount": str(amount)},
        )
        for amount in amounts
    ]  # fmt: skip


def execute(worker: psycopg.Connection, *bundles: Sequence[Event]) -> None:
    for events in bundles:
        report = executor(worker, handler.handle).execute([lane(events)])
        assert report.dead == 0


def records(worker: psycopg.Connection) -> dict[tuple[str, str, str], Any]:
    rows = worker.execute("SELECT tenant_id, kind, key, data FROM campaigns_record").fetchall()
    return {(tenant, kind, key): data for tenant, kind, key, data in rows}


def test_records_are_made_changed_and_dropped_in_their_own_tenant(worker: psycopg.Connection) -> None:
    with tenant_context(ACME):
        make_campaign(ACME, "one", {"triggers": [{"type": "event", "event": "purchase"}], "steps": [INVITE, RESUME]})
    before = records(worker)

    execute(worker, purchases(ACME, 1), purchases(ZETA, 1))

    after = records(worker)
    assert after[ACME, "program", "webinar"]["status"] == "invited"
    assert {place: data for place, data in after.items() if place[0] == ZETA} == {
        place: data for place, data in before.items() if place[0] == ZETA
    }
    assert (ACME, "marketing", "suspended") in before and (ACME, "marketing", "suspended") not in after


def test_the_next_bundle_sees_what_the_last_one_kept(worker: psycopg.Connection) -> None:
    with tenant_context(ACME):
        make_campaign(ACME, "one", {"triggers": [{"type": "event", "event": "purchase"}], "steps": [INVITE, ATTEND]})

    execute(worker, purchases(ACME, 1))
    execute(worker, purchases(ACME, 2, 3))

    kept = records(worker)[ACME, "program", "webinar"]
    assert kept["status"] == "attended" and "success_at" in kept
    rows = worker.execute(
        "SELECT data->>'outcome' FROM campaigns_activity WHERE tenant_id = %s AND step = 'invite' ORDER BY id", [ACME]
    ).fetchall()
    assert [outcome for (outcome,) in rows] == ["done", "skipped", "skipped"]


def test_the_date_of_success_is_asked_by_campaigns_and_audiences_of_the_tenant(worker: psycopg.Connection) -> None:
    lately = {"program": "webinar", "success_at": {"operator": "in_past", "value": {"amount": 1, "unit": "weeks"}}}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            on_purchase = {"triggers": [{"type": "event", "event": "purchase"}]}
            make_campaign(tenant, "one", {**on_purchase, "steps": [INVITE, ATTEND]})
            praise = {"id": "praise", "action": "change_score", "params": {"amount": 100}}
            make_campaign(tenant, "praising", {**on_purchase, "filter": lately, "steps": [praise], "after": ["one"]})
    execute(worker, purchases(ACME, 1))
    execute(worker, purchases(ZETA, 1))
    worker.execute(
        "UPDATE campaigns_record SET data = data || %s WHERE tenant_id = %s AND kind = 'program'",
        ['{"success_at": "2020-01-01T00:00:00+00:00"}', ZETA],
    )

    execute(worker, purchases(ACME, 2))
    execute(worker, purchases(ZETA, 2))

    scores = dict(worker.execute("SELECT tenant_id, score FROM campaigns_lead WHERE key = '1'").fetchall())
    assert scores == {ACME: 200, ZETA: 100}
    for tenant, count in ((ACME, 1), (ZETA, 0)):
        schema = load_rulebooks(worker, [tenant])[tenant].schema
        assert Audience(lately, schema, datetime.now(UTC)).count(worker) == count


def test_a_definition_that_changes_makes_a_new_rulebook(worker: psycopg.Connection) -> None:
    with tenant_context(ACME):
        make_campaign(ACME, "one", {"triggers": [{"type": "event", "event": "purchase"}], "steps": [ATTEND]})
    execute(worker, purchases(ACME, 1))
    worker.execute(
        "UPDATE campaigns_definition SET spec = %s WHERE tenant_id = %s AND key = 'webinar'",
        ['{"statuses": [{"key": "invited"}]}', ACME],
    )

    execute(worker, purchases(ACME, 2))

    (last,) = worker.execute(
        "SELECT data FROM campaigns_activity WHERE tenant_id = %s AND step = 'attend' ORDER BY id DESC LIMIT 1", [ACME]
    ).fetchone() or (None,)
    assert last["outcome"] == "failed" and "has no status 'attended'" in last["reason"]


def test_the_api_shows_a_tenants_own_records(worker: psycopg.Connection) -> None:
    seen = {}
    for tenant in (ACME, ZETA):
        _, text = keys.issue(tenant, name="reader", scopes=["leads:read"])
        answer = Client().get("/api/v1/leads/1", headers={"authorization": f"Bearer {text}"})
        seen[tenant] = answer.json()["records"]

    assert seen == {tenant: {"marketing": {"suspended": {"until": canary(tenant)}}} for tenant in (ACME, ZETA)}


def test_a_frozen_lead_stays_so_until_a_person_ends_it_and_only_in_its_tenant(worker: psycopg.Connection) -> None:
    freeze = {"id": "freeze", "action": "freeze_processing", "params": {}}
    count = {"id": "count", "action": "increment_number", "params": {"field": "orders", "by": 1}}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            steps = [freeze, count] if tenant == ACME else [count]
            make_campaign(tenant, "one", {"triggers": [{"type": "event", "event": "purchase"}], "steps": steps})
            Campaign.objects.filter(key="count").update(status="archived")

    execute(worker, purchases(ACME, 1), purchases(ZETA, 1), purchases(ACME, 2), purchases(ZETA, 2))
    assert orders() == {ACME: 2, ZETA: 3}

    with tenant_context(ACME):
        Lead.objects.update(frozen_until=None)
    execute(worker, purchases(ACME, 3))
    assert orders() == {ACME: 3, ZETA: 3}


def orders() -> dict[str, int]:
    found = {}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            found[tenant] = Lead.objects.get(key="1").fields["orders"]
    return found
