"""Two tenants with something of everything, and a canary in every text: what one sees of the other shows at once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from psycopg.types.json import Jsonb

from campaigns import keys, operations
from campaigns.models import (
    Batch,
    BatchMember,
    Campaign,
    Company,
    Definition,
    Delivery,
    DuePlan,
    DueTime,
    Erasure,
    EventType,
    FieldDefinition,
    Lead,
    LegalHold,
    ListMember,
    Membership,
    Move,
    Owner,
    ParkedRun,
    Record,
    SharedRecord,
    SlotBucket,
    Stage,
    StaticList,
    Tag,
    Tally,
)
from campaigns.router import current_database
from campaigns.tenancy import tenant_context

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FAR_OFF = datetime(2099, 1, 1, tzinfo=UTC)
ACME, ZETA = "acme", "zeta"
MARKETERS = {ACME: "ann", ZETA: "bob"}
PASSWORD = "a password for tests"

DOCUMENT = {
    "triggers": [{"type": "event", "event": "purchase"}],
    "steps": [{"id": "count", "action": "increment_number", "params": {"field": "orders", "by": 1}}],
}


def canary(tenant: str) -> str:
    """The text that is in all rows of a tenant, and nowhere else."""
    return f"canary-{tenant}"


def make_tenant(tenant: str, *, database: str = "default") -> None:
    """A tenant with a row in every table of its own, and a marketer who looks after it."""
    operations.create_tenant(tenant, name=f"Tenant {tenant.upper()}", timezone="Europe/Vienna", database=database)
    user = User.objects.create_user(MARKETERS[tenant], password=PASSWORD, is_staff=True)
    Membership.objects.create(user=user, tenant_id=tenant)
    keys.issue(tenant, name=canary(tenant))
    with tenant_context(tenant):
        make_vocabulary(tenant)
        lead = make_lead(tenant)
        make_batch(make_campaign(tenant))
        add_activity(lead)
        add_dead_letter(tenant)


def make_vocabulary(tenant: str) -> None:
    """The same keys in each tenant, labels with the canary."""
    label = canary(tenant)
    attributes = [{"name": "amount", "type": "decimal", "required": True}]
    EventType.objects.create(tenant_id=tenant, name="purchase", label=label, attributes=attributes)
    FieldDefinition.objects.create(tenant_id=tenant, key="orders", label=label, type="integer")
    Stage.objects.create(tenant_id=tenant, key="customer", label=label)
    Stage.objects.create(tenant_id=tenant, key="vip", label=label, position=1)
    Tag.objects.create(tenant_id=tenant, name=label)
    Owner.objects.create(tenant_id=tenant, email=f"{label}@example.test", name=label)
    Company.objects.create(tenant_id=tenant, name=label)
    StaticList.objects.create(tenant_id=tenant, key="vips", name=label)
    LegalHold.objects.create(
        tenant_id=tenant, reason=label, set_by=label, lifted_at=NOW, lifted_by=label, lifted_because=label
    )
    statuses = [{"key": "invited"}, {"key": "attended", "success": True}]
    SharedRecord.objects.create(tenant_id=tenant, kind="rotation", key="sales", data={"label": label})
    SlotBucket.objects.create(tenant_id=tenant, key=label, next_at=NOW)
    Definition.objects.create(tenant_id=tenant, kind="program", key="webinar", name=label, spec={"statuses": statuses})


def make_lead(tenant: str, key: str = "1") -> Lead:
    """A lead with the canary in its name, on the list. Keys are the same in each tenant."""
    lead = Lead.objects.create(
        tenant_id=tenant,
        key=key,
        email=f"{canary(tenant)}@example.test",
        first_name=canary(tenant),
        company=Company.objects.get(),
        owner=Owner.objects.get(),
        stage="customer",
        tags=[canary(tenant)],
        fields={"orders": 1},
    )
    ListMember.objects.create(tenant_id=tenant, lead=lead, list=StaticList.objects.get(key="vips"))
    Record.objects.create(
        tenant_id=tenant, lead=lead, kind="marketing", key="suspended", data={"until": canary(tenant)}
    )
    ParkedRun.objects.create(
        tenant_id=tenant, lead=lead, id=f"{canary(tenant)}-{key}", campaign_id=0, version=1, key="", step="rest",
        waits=1, entered_at=NOW, state={"type": canary(tenant), "at": NOW.isoformat()},
    )  # fmt: skip
    add_delivery(lead)
    Erasure.objects.create(
        tenant_id=tenant, lead_id=lead.pk, key_hash=b"", mode="erase", run=canary(tenant), due_at=NOW,
        cancelled_at=NOW, cancelled_by=canary(tenant),
    )  # fmt: skip
    return lead


def add_delivery(lead: Lead) -> None:
    """A mail that was sent long ago."""
    Delivery.objects.create(
        tenant_id=lead.tenant_id, lead=lead, key=uuid.uuid4(), channel="email", destination="smtp",
        definition=canary(lead.tenant_id), campaign_id=1, version=1, step="mail", event_key=uuid.uuid4(), depth=1,
        body={"subject": canary(lead.tenant_id)}, state="sent", attempts=1, due_at=NOW, ended_at=NOW,
    )  # fmt: skip


def make_campaign(tenant: str, key: str = "count", document: Any = DOCUMENT) -> Campaign:
    """A published campaign."""
    campaign = Campaign.objects.create(tenant_id=tenant, key=key, name=canary(tenant), draft=document)
    operations.publish(campaign, by=MARKETERS.get(tenant, "somebody"))
    Move.objects.create(
        tenant_id=tenant, campaign=campaign, from_version=0, to_version=1, plan={}, total=0, started_by=canary(tenant),
        turn_at=None, state="moved",
    )  # fmt: skip
    Tally.objects.create(tenant_id=tenant, campaign=campaign, since=NOW, runs=1, failures=0, loops=0)
    add_times(campaign)
    return campaign


def add_times(campaign: Campaign) -> None:
    """A time of its own that is far off, and a planning that is not due, unless publication made one."""
    theirs = {"tenant_id": campaign.tenant_id, "campaign": campaign}
    DueTime.objects.create(
        **theirs, lead_id=1, trigger=canary(campaign.tenant_id), occasion="2099-01-01", version=0, due_at=FAR_OFF,
        type="date.reached", data={},
    )  # fmt: skip
    if not DuePlan.objects.filter(campaign=campaign).exists():
        DuePlan.objects.create(**theirs, version=0, planned_to=FAR_OFF, turn_at=FAR_OFF)


def make_batch(campaign: Campaign) -> Batch:
    """A batch that was done long ago, but for one member."""
    batch = Batch.objects.create(
        tenant_id=campaign.tenant_id, campaign=campaign, version=1, started_by=canary(campaign.tenant_id),
        state="done", due_at=None,
    )  # fmt: skip
    BatchMember.objects.create(tenant_id=campaign.tenant_id, batch=batch, lead_id=1)
    return batch


def add_activity(
    lead: Lead, recorded_at: datetime | None = None, kind: str = "purchase", data: dict[str, Any] | None = None
) -> None:
    """A row in the lead's history."""
    with connections[current_database()].cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_activity (tenant_id, lead_id, recorded_at, occurred_at, kind, event_key, data)"
            " VALUES (%s, %s, coalesce(%s, now()), %s, %s, %s, jsonb_build_object('event_id', %s::text) || %s)",
            [lead.tenant_id, lead.pk, recorded_at, NOW, kind, uuid.uuid4(), canary(lead.tenant_id), Jsonb(data or {})],
        )


def add_dead_letter(tenant: str) -> None:
    """An event that could not be executed."""
    with connections[current_database()].cursor() as cursor:
        cursor.execute(
            "INSERT INTO engine_deadletter (tenant_id, lane, lead, event_id, event_type, payload, error, attempts,"
            " created_at) VALUES (%s, 0, %s, '1', 'purchase', %s, %s, 3, now())",
            [tenant, canary(tenant), canary(tenant).encode(), canary(tenant)],
        )


def logged_in(username: str) -> Client:
    """A browser of that person; None of its requests may end in a server error."""
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client
