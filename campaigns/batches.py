"""What people do with batches: count who it would be, start one, look how far it is, cancel it."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from campaigns.audience import Audience, InvalidFilterError
from campaigns.language.batch import batch_of
from campaigns.models import Batch, Campaign, CampaignVersion
from campaigns.operations import Refused, WrongState
from campaigns.schema_source import source_of
from campaigns.tenancy import connection_of, tenant_context

OPEN = (Batch.State.COUNTING, Batch.State.SENDING)
#: Batches of one campaign that may be under way at once.
OPEN_LIMIT = 10
SHOWN = 20


def live_document(campaign: Campaign) -> dict[str, Any] | None:
    """The live version's document. Needs the tenant's context."""
    found = CampaignVersion.objects.filter(campaign=campaign, number=campaign.live_version).first()
    return found and found.document


def is_batch(campaign: Campaign) -> bool:
    """Whether the live version can be run for an audience. Needs the tenant's context."""
    return batch_of(live_document(campaign)) is not None


def count_members(campaign: Campaign) -> int:
    """How many leads a batch would be for, started now. Raises Refused. Needs the tenant's context."""
    found = batch_of(live_document(campaign))
    if found is None:
        raise Refused("The live version has no trigger batch, so it has no audience.")
    try:
        schema = source_of(campaign.tenant_id).schema(campaign.tenant_id)
        return Audience(found.get("audience"), schema, timezone.now()).count(connection_of(campaign.tenant_id))
    except InvalidFilterError as error:
        raise Refused(f"The audience does not fit any more: {error}") from error


def start(campaign: Campaign, *, by: str) -> Batch:
    """Run the live version for all who match its audience; maintenance finds and tells them. Raises Refused."""
    with tenant_context(campaign.tenant_id):
        stored = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if stored.status != Campaign.Status.ACTIVE:
            raise WrongState(f"The campaign is {stored.status}; a batch needs it to be active.")
        if not is_batch(stored):
            raise Refused("The live version has no trigger batch, so it has no audience.")
        if stored.batches.filter(state__in=OPEN).count() >= OPEN_LIMIT:
            raise Refused(f"{OPEN_LIMIT} batches of the campaign are under way; wait for one to end, or cancel it.")
        return Batch.objects.create(
            tenant_id=stored.tenant_id, campaign=stored, version=stored.live_version, started_by=by
        )


def cancel(tenant: str, batch: int, *, by: str) -> Batch:
    """Tell no more members; those told already stay in. Raises Batch.DoesNotExist, WrongState."""
    with tenant_context(tenant):
        open_ones = Batch.objects.filter(pk=batch, state__in=OPEN)
        note = f"by {by}"
        done = open_ones.update(state=Batch.State.CANCELLED, note=note, ended_at=Now(), due_at=Now())
        found = Batch.objects.get(pk=batch)
        if not done:
            raise WrongState(f"The batch is {found.get_state_display().lower()}.")
        return found


def under_way(campaign: Campaign) -> list[Batch]:
    """Those that are neither done nor cancelled. Needs the tenant's context."""
    return list(campaign.batches.filter(state__in=OPEN).order_by("id"))


def cancel_all(campaign: Campaign, *, by: str) -> None:
    """Tell no more members of any. Raises WrongState when one was just done."""
    with tenant_context(campaign.tenant_id):
        for batch in under_way(campaign):
            cancel(campaign.tenant_id, batch.pk, by=by)


def left(batch: Batch) -> int:
    """How many members are still to be told; of what is over nobody."""
    return batch.members.count() if batch.is_open else 0


def waiting_members(campaign: Campaign) -> int:
    """How many were found and are still to be told. Needs the tenant's context."""
    return sum(map(left, under_way(campaign)))


def planned(tenant: str) -> list[Campaign]:
    """The campaigns whose schedules start a batch next, the next one first. Needs the tenant's context."""
    scheduled = Campaign.objects.filter(tenant=tenant, next_batch_at__isnull=False)
    return list(scheduled.exclude(status=Campaign.Status.ARCHIVED).order_by("next_batch_at", "name"))


def latest(campaign: Campaign, count: int = SHOWN) -> list[Batch]:
    """The last ones. Needs the tenant's context."""
    return list(campaign.batches.order_by("-id")[:count])
