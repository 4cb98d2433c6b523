"""What people do about erasures: cancel those that are not done, set and lift legal holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from campaigns.erasure import QUERIES
from campaigns.models import Lead, LegalHold
from campaigns.operations import WrongState
from campaigns.tenancy import connection_of, tenant_context
from engine import clock

#: State of an erasure -> the column that has a value then.
STATES = {"open": "turn_at", "done": "done_at", "cancelled": "cancelled_at"}


def in_state(rows: QuerySet, state: str | None) -> QuerySet:
    """Those in a state; None for all."""
    return rows if state is None else rows.filter(**{f"{STATES[state]}__isnull": False})


def with_lead_key(rows: QuerySet) -> QuerySet:
    """Erasures or holds with the key of their lead, `lead_key`; None where nobody can tell any more."""
    leads = Lead.objects.filter(tenant_id=OuterRef("tenant_id"), pk=OuterRef("lead_id"))
    return rows.annotate(lead_key=Subquery(leads.values("key")))


def cancel(tenant: str, ids: Sequence[int], by: str, now: datetime) -> int:
    """Their leads are frozen no longer, unless they were before; what was ended and cancelled stays so.

    Returns how many: those that are done cannot be cancelled.
    """
    with tenant_context(tenant):
        parameters = {"tenant": tenant, "ids": list(ids), "by": by, "now": now}
        return int(connection_of(tenant).execute(QUERIES["cancel_erasures"], parameters).rowcount)


def set_hold(tenant: str, lead: str | None, reason: str, *, by: str) -> int:
    """Keep the data of a lead, by its key, or of all leads: when this returns, nothing of them is erased any more.

    Returns the hold. Raises Lead.DoesNotExist. Of a lead that was merged into another one, that one is held.
    """
    with tenant_context(tenant):
        connection_of(tenant).execute(QUERIES["lock_holds"], {"tenant": tenant})
        found = None if lead is None else Lead.objects.only("id", "merged_into").get(tenant=tenant, key=lead)
        held = found and (found.merged_into or found.pk)
        return LegalHold.objects.create(tenant_id=tenant, lead_id=held, reason=reason, set_by=by).pk


def lift_hold(tenant: str, hold: int, why: str, *, by: str) -> None:
    """Erasures that waited for it are done as soon as they are due. Raises WrongState when it was lifted before."""
    with tenant_context(tenant):
        open_ones = LegalHold.objects.filter(tenant=tenant, pk=hold, lifted_at=None)
        if not open_ones.update(lifted_at=clock.now(), lifted_because=why, lifted_by=by):
            raise WrongState("The hold was lifted before.")
        connection_of(tenant).execute(QUERIES["hasten_erasures"], {"tenant": tenant})
