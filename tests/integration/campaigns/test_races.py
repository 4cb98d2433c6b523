"""Campaigns that get in each other's way: warned of before they are published, and kept in the order that they say."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from django.core.management import call_command
from django.urls import reverse

from campaigns import handler, keys, operations
from campaigns.exchange.applying import export
from campaigns.exchange.reading import write_json, write_yaml
from campaigns.models import Campaign, Lead
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.world import ACME, ZETA, logged_in, make_campaign
from tests.integration.engine.bundles import executor, lane

pytestmark = pytest.mark.usefixtures("two_tenants")

NOW = datetime.now(UTC).replace(microsecond=0)
FORMULA = {"field": "orders", "expression": "(lead.orders ?? 0) * 10"}
TENFOLD = {
    "triggers": [{"type": "event", "event": "purchase"}],
    "steps": [{"id": "tenfold", "action": "compute_field", "params": FORMULA}],
}
AFTER = {**TENFOLD, "after": ["count"]}  # the campaign that every tenant has adds 1
BEFORE = {**TENFOLD, "after": []}


@pytest.fixture
def worker(worker_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    worker_connection.autocommit = True
    return worker_connection


def make(tenant: str, document: Any, *, position: int = 0) -> Campaign:
    with tenant_context(tenant):
        campaign = make_campaign(tenant, "tenfold", document)
        Campaign.objects.filter(pk=campaign.pk).update(position=position)
        campaign.refresh_from_db()
    return campaign


def draft(document: Any = TENFOLD) -> Campaign:
    with tenant_context(ACME):
        return Campaign.objects.create(tenant_id=ACME, key="tenfold", name="Tenfold", draft=document)


def purchase(tenant: str, id: str) -> Event:
    return Event(
        id=id, tenant=tenant, lead="1", type="purchase", accepted_at=NOW, occurred_at=NOW, data={"amount": "1"}
    )


def orders_after(worker: psycopg.Connection, id: str) -> dict[str, int]:
    """The field of each tenant's lead once both have bought; it was 1."""
    lanes = [lane([purchase(tenant, id)]) for tenant in (ACME, ZETA)]
    assert executor(worker, handler.handle, clock=lambda: NOW).execute(lanes).dead == 0
    found = {}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            found[tenant] = Lead.objects.get(key="1").fields["orders"]
    return found


def test_on_one_event_the_lane_keeps_the_order_that_each_tenant_wants(worker: psycopg.Connection) -> None:
    make(ACME, AFTER, position=-1)
    make(ZETA, BEFORE, position=-1)

    assert orders_after(worker, "first") == {ACME: (1 + 1) * 10, ZETA: 1 * 10 + 1}


def test_a_new_version_with_another_order_is_kept_from_the_next_event_on(worker: psycopg.Connection) -> None:
    campaigns = [make(tenant, BEFORE, position=-1) for tenant in (ACME, ZETA)]
    assert orders_after(worker, "first") == {ACME: 11, ZETA: 11}
    with tenant_context(ACME):
        Campaign.objects.filter(pk=campaigns[0].pk).update(draft=AFTER)
        operations.publish(campaigns[0], by="ann")

    assert orders_after(worker, "second") == {ACME: (11 + 1) * 10, ZETA: 11 * 10 + 1}


def test_a_draft_is_warned_of_its_own_tenants_campaigns_and_can_be_published() -> None:
    with tenant_context(ZETA):
        make_campaign(ZETA, "of-zeta", TENFOLD)
    campaign = draft()

    with tenant_context(ACME):
        [warning] = operations.warnings_of(campaign)
        assert operations.faults_of(campaign) == []
        operations.publish(campaign, by="ann")

    assert "(count) hears purchase too: both write field “orders”. By position it goes first now" in warning.message


def test_a_circle_cannot_be_published() -> None:
    make(ACME, AFTER)
    with tenant_context(ACME):
        count = Campaign.objects.get(key="count")
        count.draft = {**count.draft, "after": ["tenfold"]}
        count.save()
        [fault] = operations.faults_of(count)

    assert str(fault) == "after[0]: the campaigns would come after each other in a circle: count → tenfold → count"


def test_the_page_of_a_campaign_and_the_one_before_publishing_name_the_races() -> None:
    campaign, client = draft(), logged_in("ann")

    for page in ("change", "publish"):
        body = client.get(reverse(f"admin:campaigns_campaign_{page}", args=[campaign.pk])).content.decode()
        assert "Look at 1 thing before it is published" in body
        assert "write after: [count] here" in body

    with tenant_context(ACME):
        Campaign.objects.filter(pk=campaign.pk).update(draft=AFTER)
    body = client.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()
    assert "before it is published" not in body


def file_of(document: Any) -> dict[str, Any]:
    return {"format": "fairlane/campaign/1", "tenant": ACME, "key": "tenfold", "name": "Tenfold", "document": document}


def test_a_plan_names_them_by_command_and_by_api(tmp_path: Path, client: Any) -> None:
    path, printed = tmp_path / "campaign.yaml", io.StringIO()
    path.write_text(write_yaml(file_of(TENFOLD)), encoding="utf-8")
    key = keys.issue(ACME, name="plans", scopes=("campaigns:read",))[1]

    call_command("plan_campaign", str(path), stdout=printed)
    url, sent = "/api/v1/campaigns/tenfold/document/plan", json.dumps(file_of(TENFOLD))
    answer = client.post(url, sent, "application/json", headers={"Authorization": f"Bearer {key}"}).json()

    assert "It could be published, but:\n  after: “" in printed.getvalue()
    assert [warning["path"] for warning in answer["warnings"]] == ["after"]
    assert answer["would_publish"] is True


def test_the_order_is_exported_first_with_the_campaigns_that_it_needs() -> None:
    make(ACME, AFTER)

    file = export(ACME, "tenfold")

    assert file.requires["campaigns"] == ["count"]
    written = write_json(msgspec.to_builtins(file))
    assert written.index('"after"') < written.index('"triggers"')
