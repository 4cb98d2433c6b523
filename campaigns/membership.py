"""Who is on a static list. Joining raises the event that campaigns listen for, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from campaigns import urgency
from campaigns.event_ids import new_event_id
from campaigns.models import Lead, ListMember, StaticList
from engine.types import Event


def add_leads(members_of: StaticList, keys: Sequence[str], now: datetime, *, source: str) -> tuple[int, list[str]]:
    """Put leads on a list by their keys: how many joined, and which keys no lead has.

    Needs the tenant's context.
    """
    leads = dict(Lead.objects.filter(tenant=members_of.tenant_id, key__in=keys).order_by("id").values_list("key", "id"))
    present = set(members_of.members.filter(lead__in=leads.values()).values_list("lead_id", flat=True))
    joining = {key: lead for key, lead in leads.items() if lead not in present}
    ListMember.objects.bulk_create(
        [
            ListMember(tenant_id=members_of.tenant_id, list=members_of, lead_id=lead, added_at=now)
            for lead in joining.values()
        ],
        # A worker may have been faster; the event raised for it a second time changes nothing by itself.
        ignore_conflicts=True,
    )
    urgency.record(members_of.tenant_id, [_joined(members_of, key, now, source) for key in joining])
    return len(joining), [key for key in keys if key not in leads]


def remove_leads(members_of: StaticList, leads: Sequence[int]) -> int:
    """Take leads off a list by their ids: how many were on it. Needs the tenant's context."""
    return members_of.members.filter(lead__in=leads).delete()[0]


def _joined(members_of: StaticList, key: str, now: datetime, source: str) -> Event:
    return Event(
        id=new_event_id(now),
        lead=key,
        type="list.joined",
        accepted_at=now,
        occurred_at=now,
        data={"list": members_of.key},
        source=source,
        tenant=members_of.tenant_id,
    )
