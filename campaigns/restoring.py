"""Leads that were deleted, restored by people: by an event of each, so that it has its place in the lead's order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db.models import QuerySet

from campaigns import urgency
from campaigns.models import Lead
from campaigns.tenancy import tenant_context
from engine.types import Event

RESTORE = "lead.restore_requested"


def restorable(leads: QuerySet, now: datetime) -> QuerySet:
    """Those of them that were deleted and can be restored."""
    return leads.filter(deleted_at__isnull=False, restorable_until__gt=now)


def restore(tenant: str, ids: Sequence[int], by: str, now: datetime) -> int:
    """Have leads restored as soon as their turn comes. Returns how many were asked for."""
    with tenant_context(tenant):
        leads = restorable(Lead.objects.filter(tenant=tenant, pk__in=ids), now).values_list("pk", "key", "deleted_at")
        events = [_event(tenant, id, key, deleted_at, by, now) for id, key, deleted_at in leads]
        if events:
            urgency.record(tenant, events)
    return len(events)


def _event(tenant: str, id: int, key: str, deleted_at: datetime, by: str, now: datetime) -> Event:
    """Of one deletion there is one: asked for twice, it is done once."""
    cause = {"lead": None, "campaign_id": None, "version": None, "step": None}
    return Event(
        id=f"restore:{id}:{deleted_at.isoformat()}", tenant=tenant, lead=key, type=RESTORE,
        accepted_at=datetime.now(UTC), occurred_at=now, data={"user": by, "by": cause}, source="admin",
    )  # fmt: skip
