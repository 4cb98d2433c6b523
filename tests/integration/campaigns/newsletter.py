"""A campaign that is run in batches, in two tenants, and its batches looked at turn by turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from campaigns import batches, batching
from campaigns.models import Batch, BatchMember, Campaign
from campaigns.tenancy import tenant_context
from engine.lanes import lanes
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant

ODD = {"field": "orders", "operator": "is", "value": [1, 3, 5, 7, 9]}
#: Only memory can decide it: a token.
SAME = {"field": "first_name", "operator": "is", "value": "{{ lead.last_name }}"}
NOTE = {"id": "note", "action": "add_note", "params": {"text": "hello"}}


def document(audience: Any = ODD) -> dict[str, Any]:
    return {"triggers": [{"type": "batch", "audience": audience}], "steps": [NOTE]}


def set_up(worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tenants with ten leads each and a campaign for those with odd numbers; pages of three, chunks of two."""
    monkeypatch.setattr(batching, "LEADS_AT_ONCE", 3)
    monkeypatch.setattr(batching, "MEMBERS_AT_ONCE", 2)
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        worker.execute("DELETE FROM campaigns_batchmember WHERE tenant_id = %s", [tenant])
        worker.execute("DELETE FROM campaigns_batch WHERE tenant_id = %s", [tenant])
        worker.execute("DELETE FROM campaigns_lead WHERE tenant_id = %s", [tenant])
        add_leads(worker, tenant, 1, 10)
        with tenant_context(tenant):
            make_campaign(tenant, "news", document())
    lanes().client.flushdb()  # what making them led to


def add_leads(worker: psycopg.Connection, tenant: str, first: int, last: int) -> None:
    worker.execute(
        "INSERT INTO campaigns_lead (tenant_id, key, first_name, last_name, fields)"
        " SELECT %s, n::text, 'Ann', CASE WHEN n %% 3 = 0 THEN 'ANN' ELSE 'Lee' END, jsonb_build_object('orders', n)"
        " FROM generate_series(%s::int, %s::int) AS n",
        [tenant, first, last],
    )


def news(tenant: str = ACME) -> Campaign:
    with tenant_context(tenant):
        return Campaign.objects.get(key="news")


def counted(campaign: Campaign) -> int:
    with tenant_context(campaign.tenant_id):
        return batches.count_members(campaign)


def start(tenant: str = ACME) -> Batch:
    return batches.start(news(tenant), by="ann")


def seen(batch: Batch) -> Batch:
    with tenant_context(batch.tenant_id):
        return Batch.objects.get(pk=batch.pk)


def members(batch: Batch) -> int:
    with tenant_context(batch.tenant_id):
        return BatchMember.objects.filter(batch=batch).count()


def turns(worker: psycopg.Connection, until: Callable[[], bool]) -> None:
    """One turn after another until something is so, as if nothing ever had to rest."""
    for minute in range(100):
        if until():
            return
        batching._turn(worker, lambda minute=minute: datetime.now(UTC) + timedelta(minutes=minute), [])
    raise AssertionError("it never is")


def notes(worker: psycopg.Connection) -> list[tuple[str, str]]:
    query = (
        "SELECT a.tenant_id, l.key FROM campaigns_activity AS a"
        " JOIN campaigns_lead AS l ON l.tenant_id = a.tenant_id AND l.id = a.lead_id"
        " WHERE a.kind = 'note_added' ORDER BY a.tenant_id, l.id"
    )
    return worker.execute(query).fetchall()
