"""Why a lead is, or is not, among the members of a campaign's batches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from campaigns.audience import NOTHING, Audience, InvalidFilterError
from campaigns.language.batch import batch_of
from campaigns.language.context import Context
from campaigns.language.schema import BATCH_MEMBER, TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.tracing import Trace, reasons, say, trace_filter
from campaigns.models import Activity, Batch, Campaign, Lead
from campaigns.tenancy import connection_of


class LastBatch(msgspec.Struct, frozen=True):
    """The batch that was started last."""

    id: int
    state: str
    started_at: datetime
    as_of: datetime | None  #: the instant at which its audience is looked at
    lead: str  #: what the lead has to do with it


class Membership(msgspec.Struct, frozen=True):
    """Whether a lead is run through a campaign by its batches."""

    matches: bool  #: the audience, now
    why: str
    audience: Trace | None
    last: LastBatch | None
    next_at: datetime | None  #: when the schedule starts the next; None without one

    @property
    def verdict(self) -> str:
        """In a few sentences."""
        last = "No batch was started yet" if self.last is None else f"The lead {self.last.lead}"
        coming = f" The next batch is planned for {self.next_at.isoformat()}." if self.next_at else ""
        return f"{last}. Asked now, the audience says {self.why}.{coming}"


def look_at_batches(
    campaign: Campaign, document: Any, lead: Lead, schema: TenantSchema, now: datetime
) -> Membership | None:
    """None where the live version has no audience. Needs the tenant's context."""
    found = batch_of(document)
    if found is None:
        return None
    batch = campaign.batches.order_by("-id").first()
    last = None if batch is None else _last(batch, lead)
    try:
        trace = _ask(found.get("audience"), schema, lead, now)
    except InvalidFilterError as error:
        return Membership(False, f"nothing: it does not fit any more: {error}", None, last, campaign.next_batch_at)
    if trace is None:
        return Membership(False, "no: the lead was deleted or merged", None, last, campaign.next_batch_at)
    why = "yes" if trace.holds else "no: " + "; ".join(map(say, reasons(trace)))
    return Membership(trace.holds, why, trace, last, campaign.next_batch_at)


def _ask(audience: Any, schema: TenantSchema, lead: Lead, now: datetime) -> Trace | None:
    """Each node of the audience, asked of the lead as it is."""
    asked = Audience(audience, schema, now)
    if lead.deleted_at is not None or lead.merged_into is not None:
        return None
    (state,) = asked.read(connection_of(schema.tenant), [lead.pk])
    scope = Scope(schema, publishing=False)
    scope.eventless = True
    return trace_filter(audience, scope, "audience", state, Context(schema, "", NOTHING, now, now))


def _last(batch: Batch, lead: Lead) -> LastBatch:
    return LastBatch(batch.pk, batch.state, batch.started_at, batch.as_of, _part(batch, lead))


def _part(batch: Batch, lead: Lead) -> str:
    """What a lead has to do with a batch, as what follows “the lead”."""
    name = f"the batch of {batch.started_at:%Y-%m-%d %H:%M %Z}"
    if batch.members.filter(lead_id=lead.pk).exists():
        return f"is a member of {name}, {'and is told soon' if batch.is_open else 'and was not told: it is cancelled'}"
    told = Activity.objects.filter(tenant=batch.tenant_id, lead=lead, kind=BATCH_MEMBER)
    if told.filter(data__data__batch=str(batch.pk)).exists():
        return f"was told by {name}"
    if batch.upto is not None and lead.pk > batch.upto:
        return f"was created after {name} was started"
    if batch.is_open and lead.pk > batch.cursor:
        return f"is not looked at yet by {name}"
    waits = ", or was told and its event still waits" if batch.is_open else ""
    return f"was no member of {name}{waits}"
