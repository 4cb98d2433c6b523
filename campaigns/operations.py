"""What people do with tenants and campaigns; the only writers of a campaign's status and live version.

Every change names the state it starts from, so that of two people at once one is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now

from campaigns.dues import plan_campaign
from campaigns.language.document import validate
from campaigns.language.faults import Fault
from campaigns.language.races import Entrant, find_races
from campaigns.language.schedule import TooRareError, read_schedule
from campaigns.language.unreachable import find_unreachable
from campaigns.models import Campaign, CampaignVersion, Tenant
from campaigns.router import current_database
from campaigns.schema_source import schema_of, source_of
from campaigns.tenancy import connection_of, operator_context, tenant_context
from engine import control
from engine.conf import conf
from engine.placement import DIRECTORY, database_of

Status = Campaign.Status
PauseMode = Campaign.PauseMode
Overdue = Campaign.Overdue


class Refused(Exception):
    """A change that cannot be made; the message is for the person who asked."""


class PublicationRefused(Refused):
    """The draft has faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"The draft has {len(faults)} fault{'s'[: len(faults) != 1]}.")
        self.faults = list(faults)


class WrongState(Refused):
    """The campaign is not, or no longer, in a state from which this can be done."""


class BreaksCampaigns(Refused):
    """Running or paused campaigns need what would be taken from them."""

    def __init__(self, faults: dict[str, list[Fault]]) -> None:
        super().__init__("; ".join(f"campaign “{name}” needs it: {f[0]}" for name, f in faults.items()))
        self.faults = faults


def create_tenant(
    key: str,
    *,
    name: str,
    timezone: str = "UTC",
    currency: str = "USD",
    week_start: str = "monday",
    lanes: int = control.DEFAULT_LANES,
    weight: float = 1.0,
    cap: int = 0,
    database: str = DIRECTORY,
) -> Tenant:
    """Make a tenant with its lanes, on one database for ever.

    Raises ValidationError when a value will not do or the key is taken, Refused when that database is away.
    """
    if database not in conf().databases:
        raise ValidationError(f"There is no database “{database}”.")
    tenant = Tenant(id=key, name=name, timezone=timezone, currency=currency, week_start=week_start)
    with operator_context():
        tenant.full_clean()
        tenant.save(force_insert=True)
        control.register(key, lane_count=lanes, weight=weight, cap=cap, database=database)
        # Last: the key is ours now. When the directory fails to commit, what is left behind can be written again.
        _copy(tenant, database)
    return tenant


def change_tenant(tenant: Tenant) -> None:
    """Write what a tenant is: in the directory, and in the copy that workers read.

    Raises Refused when the tenant's database is away.
    """
    with operator_context():
        tenant.save(force_update=True)
        _copy(tenant, database_of(tenant.pk))


def _copy(tenant: Tenant, database: str) -> None:
    """The tenant's row on its own database, where its version counts."""
    if database == DIRECTORY:
        return
    values = {name: getattr(tenant, name) for name in ("name", "timezone", "currency", "week_start")}
    copy = [Tenant(id=tenant.pk, **values)]
    try:
        with operator_context(using=database):
            Tenant.objects.bulk_create(copy, update_conflicts=True, unique_fields=["id"], update_fields=list(values))
    except (OperationalError, InterfaceError) as error:
        raise Refused(f"The database {database} does not answer, so nothing was saved. Try it again later.") from error


def bump_rulebook(tenant_id: str) -> None:
    """Make all workers load a tenant's campaigns again. Ordinary changes do so by themselves."""
    with tenant_context(tenant_id):
        Tenant.objects.filter(pk=tenant_id).update(rulebook_version=F("rulebook_version") + 1)


def publish(campaign: Campaign, *, by: str) -> CampaignVersion:
    """Make the draft the live version. A draft campaign starts to run; a paused one stays paused.

    Raises PublicationRefused with every fault of the draft, WrongState when the campaign is archived.
    """
    with tenant_context(campaign.tenant_id):
        stored = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if stored.status == Status.ARCHIVED:
            raise WrongState("An archived campaign cannot be published.")
        faults = faults_of(stored)
        if faults:
            raise PublicationRefused(faults)
        version = CampaignVersion.objects.create(
            tenant_id=stored.tenant_id,
            campaign=stored,
            number=_next_number(stored),
            document=stored.draft,
            published_by=by,
        )
        status = Status.PAUSED if stored.status == Status.PAUSED else Status.ACTIVE
        _change(stored, status=status, live_version=version.number, next_batch_at=_next_batch_at(stored))
        plan_campaign(connection_of(stored.tenant_id), stored.tenant_id, stored.pk, version.number, stored.draft)
    campaign.status, campaign.live_version = status, version.number
    return version


def _next_batch_at(campaign: Campaign) -> datetime | None:
    """When the draft's schedule starts a batch next."""
    schedule = read_schedule(campaign.draft, schema_of(campaign.tenant_id).zone)
    try:
        return schedule and schedule.next_after(datetime.now(UTC))
    except TooRareError as error:
        raise Refused(
            f"The schedule cannot be followed from where it starts: {error}; or let it start later."
        ) from error


def faults_of(campaign: Campaign) -> list[Fault]:
    """Every fault of a campaign's draft. Needs the tenant's context."""
    schema = replace(schema_of(campaign.tenant_id), people=people_of(campaign.tenant_id))
    return validate(campaign.draft, schema, key=campaign.key)


def warnings_of(campaign: Campaign) -> list[Fault]:
    """What a draft that can be published is warned of: steps that no run comes to; live campaigns that it gets in the
    way of, or they of it. Needs the tenant's context."""
    source = source_of(campaign.tenant_id)
    # A campaign that is not stored yet will be the youngest.
    id = campaign.pk or 1 + max((one.id for one in source.campaigns), default=0)
    entrant = Entrant(id, campaign.key, campaign.name, campaign.position, campaign.draft, campaign.priority)
    races = find_races(entrant, source.entrants(), source.schema(campaign.tenant_id))
    return find_unreachable(campaign.draft) + races


def people_of(tenant_id: str) -> frozenset[str]:
    """The names of the users who may work in the tenant."""
    may = Q(is_superuser=True) | Q(memberships__tenant=tenant_id)
    return frozenset(get_user_model().objects.filter(may, is_active=True).values_list("username", flat=True))


def _next_number(campaign: Campaign) -> int:
    latest = CampaignVersion.objects.filter(campaign=campaign).aggregate(latest=Max("number"))["latest"]
    return (latest or 0) + 1


def pause(campaign: Campaign, mode: str = PauseMode.FREEZE) -> None:
    """Stop a running campaign in one of the modes of Campaign.PauseMode. Raises WrongState."""
    if mode not in PauseMode.values:
        raise Refused(f"There is no such way to pause; use one of {', '.join(PauseMode.values)}.")
    if mode == PauseMode.END:
        _move(campaign, (Status.ACTIVE,), Status.PAUSED, pause_mode=PauseMode.FREEZE, emptied_at=Now())
    else:
        _move(campaign, (Status.ACTIVE,), Status.PAUSED, pause_mode=mode)


def resume(campaign: Campaign, overdue: str = Overdue.RUN) -> None:
    """Let a paused campaign run again; `overdue`, of Campaign.Overdue, says what becomes of runs whose time came
    meanwhile. Who waits at the door begins. Raises WrongState."""
    if overdue not in Overdue.values:
        raise Refused(f"There is no such way to resume; use one of {', '.join(Overdue.values)}.")
    _move(campaign, (Status.PAUSED,), Status.ACTIVE, overdue=overdue, tripped_at=None, tripped_why="")


def abort(campaign: Campaign) -> None:
    """End all runs of a campaign at once, however many; what it is and does stays. Raises WrongState."""
    for status in (Status.ACTIVE, Status.PAUSED):
        if campaign.status == status:
            return _move(campaign, (status,), status, emptied_at=Now())
    raise WrongState(f"The campaign is {campaign.status}, and nobody is inside.")


def archive(campaign: Campaign) -> None:
    """End a campaign for good, with all its runs; its versions and activities stay. Raises WrongState."""
    _move(campaign, (Status.DRAFT, Status.ACTIVE, Status.PAUSED), Status.ARCHIVED, emptied_at=Now())


def _move(campaign: Campaign, before: Sequence[str], after: str, **values: Any) -> None:
    with tenant_context(campaign.tenant_id):
        stored = Campaign.objects.get(pk=campaign.pk)
        if stored.status not in before:
            raise WrongState(f"The campaign is {stored.status}.")
        _change(stored, status=after, **values)
        campaign.refresh_from_db(fields=["status", *values])


def _change(stored: Campaign, **values: Any) -> None:
    """Write only if the campaign still is as it was read."""
    unchanged = Campaign.objects.filter(pk=stored.pk, status=stored.status, live_version=stored.live_version)
    if unchanged.update(**values) != 1:
        raise WrongState("Somebody else changed the campaign at the same moment.")


@contextmanager
def keep_campaigns_working(tenant_id: str) -> Iterator[None]:
    """Undoes a change, with BreaksCampaigns, if a running or paused campaign needs what was before.

    Also turns the database's own refusal to delete what leads use into Refused. Needs the tenant's context.
    """
    try:
        with transaction.atomic(using=current_database()):
            before = set(broken_campaigns(tenant_id))
            yield
            broken = {name: found for name, found in broken_campaigns(tenant_id).items() if name not in before}
            if broken:
                raise BreaksCampaigns(broken)
    except IntegrityError as error:
        raise Refused("Leads use it, so it cannot be deleted.") from error


def broken_campaigns(tenant_id: str) -> dict[str, list[Fault]]:
    """The faults of running and paused campaigns, by name; empty when all is well."""
    source = source_of(tenant_id)
    schema = source.schema(tenant_id)
    live = [campaign for campaign in source.campaigns if campaign.document is not None]
    found = {campaign.name: validate(campaign.document, schema, key=campaign.key) for campaign in live}
    return {name: faults for name, faults in found.items() if faults}
