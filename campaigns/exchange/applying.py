"""A campaign's document against the tenant that has it, or shall have it: exported, planned, applied."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.core.exceptions import ValidationError

from campaigns.exchange.comparison import Change, Difference, compare
from campaigns.exchange.file import FORMAT, CampaignFile
from campaigns.exchange.requirements import missing, requirements_of
from campaigns.language.document import validate
from campaigns.language.faults import Fault
from campaigns.models import Campaign
from campaigns.operations import PublicationRefused, Refused, WrongState, publish, warnings_of
from campaigns.schema_source import schema_of
from campaigns.tenancy import tenant_context


class Plan(msgspec.Struct, frozen=True):
    """What applying would do."""

    key: str
    exists: bool
    changes: list[Change]
    refused: list[Fault]  #: for these it would not be applied
    faults: list[Fault]  #: with these it would be a draft that cannot be published
    warnings: list[Fault]  #: none of them stands in the way
    would_publish: bool  #: whether publishing it would make a new version


class ApplyRefused(Refused):
    """What the document needs is not here, or it is no campaign."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"It was not applied: {len(faults)} fault{'s'[: len(faults) != 1]}.")
        self.faults = list(faults)


class Applied(msgspec.Struct, frozen=True):
    """What was done."""

    plan: Plan
    created: bool
    version: int | None  #: the one that was published, if one was


def export(tenant: str, key: str) -> CampaignFile:
    """The campaign's draft as a document. Raises Campaign.DoesNotExist."""
    with tenant_context(tenant):
        campaign = Campaign.objects.get(tenant_id=tenant, key=key)
        requires = requirements_of(campaign.draft, schema_of(tenant), key=key)
    return CampaignFile(
        format=FORMAT, tenant=tenant, key=key, name=campaign.name, position=campaign.position,
        priority=campaign.priority, document=campaign.draft, requires=requires,
    )  # fmt: skip


def plan(tenant: str, file: CampaignFile) -> Plan:
    """What applying the document to the tenant would change and what stands in its way. Changes nothing."""
    with tenant_context(tenant):
        return _plan(Campaign.objects.filter(tenant_id=tenant, key=file.key).first(), tenant, file)


def apply(tenant: str, file: CampaignFile, *, by: str, publishing: bool = False) -> Applied:
    """Make the document the campaign's draft, and publish that if wanted: all of it or nothing.

    A campaign that does not exist is made. Raises ApplyRefused, PublicationRefused or WrongState.
    """
    with tenant_context(tenant):
        stored = Campaign.objects.select_for_update().filter(tenant_id=tenant, key=file.key).first()
        planned = _plan(stored, tenant, file)
        if planned.refused:
            raise ApplyRefused(planned.refused)
        if stored is not None and stored.status == Campaign.Status.ARCHIVED:
            raise WrongState("An archived campaign cannot be changed.")
        if publishing and planned.faults:
            raise PublicationRefused(planned.faults)
        campaign = stored or Campaign(tenant_id=tenant, key=file.key)
        if planned.changes or not planned.exists:
            campaign.name, campaign.draft = file.name, file.document
            campaign.position, campaign.priority = file.position, file.priority
            campaign.save()
        version = publish(campaign, by=by).number if publishing and planned.would_publish else None
    return Applied(planned, stored is None, version)


def _plan(stored: Campaign | None, tenant: str, file: CampaignFile) -> Plan:
    schema = schema_of(tenant)
    changes = compare(stored.draft if stored else {}, file.document) + _frame_changes(stored, file)
    faults = validate(file.document, schema, key=file.key)
    return Plan(
        key=file.key,
        exists=stored is not None,
        changes=changes,
        refused=_frame_faults(tenant, file) + missing(file.requires, schema),
        faults=faults,
        warnings=[] if faults else warnings_of(_as_it_would_be(stored, tenant, file)),
        would_publish=stored is None or _live_document(stored) != file.document,
    )


def _as_it_would_be(stored: Campaign | None, tenant: str, file: CampaignFile) -> Campaign:
    pk = stored.pk if stored else None
    return Campaign(
        pk=pk, tenant_id=tenant, key=file.key, name=file.name, position=file.position, priority=file.priority,
        draft=file.document,
    )  # fmt: skip


def _live_document(stored: Campaign) -> object:
    live = stored.versions.filter(number=stored.live_version).first() if stored.live_version else None
    return live.document if live else None


def _frame_changes(stored: Campaign | None, file: CampaignFile) -> list[Change]:
    changes = []
    for name in ("name", "position", "priority"):
        old, new = (getattr(stored, name) if stored else None), getattr(file, name)
        if stored is not None and old != new:
            changes.append(Change("changed", "campaign", name, old, new, (Difference("", old, new),)))
    return changes


def _frame_faults(tenant: str, file: CampaignFile) -> list[Fault]:
    """What the database would refuse."""
    campaign = _as_it_would_be(None, tenant, file)
    try:
        campaign.clean_fields()
    except ValidationError as error:
        return [Fault(name, " ".join(said)) for name, said in error.message_dict.items()]
    return []
