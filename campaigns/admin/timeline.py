"""What happened to a lead, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Q

from campaigns.actions import ACTIONS
from campaigns.admin.words import field_label, show
from campaigns.language.schema import TenantSchema
from campaigns.models import Activity, Campaign, Lead
from campaigns.models.lead import everybody_in

ROWS = 100
OUTCOMES = {"no_op": "no change"}
#: Of a row's data, what is shown elsewhere or is for machines.
FRAME = {"outcome", "event_id", "source", "group", "choice"}
#: Interesting moments that are for the lead's owner alone: noted by a step, and heard by other campaigns.
FOR_THE_OWNER = Q(kind="interesting_moment", data__visible_to="owner") | Q(
    kind="moment.noted", data__data__visible_to="owner"
)


@dataclass(frozen=True)
class Entry:
    """One activity as it is shown."""

    at: datetime
    title: str
    details: list[str]
    is_event: bool
    campaign: str
    version: int | None
    step: str
    outcome: str
    note: str  #: of an event: its id, and who sent it


def entries(
    lead: Lead, schema: TenantSchema, viewer: AbstractUser, *, before: int | None = None
) -> tuple[list[Entry], int | None]:
    """At most ROWS activities older than `before`, of those that the viewer may see; and the id before which there are
    more, if there are."""
    rows = Activity.objects.filter(tenant=lead.tenant_id, lead__in=everybody_in(lead)).order_by("-id")
    if not _sees_all(viewer, lead):
        rows = rows.exclude(FOR_THE_OWNER)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: ROWS + 1])
    names = dict(Campaign.objects.filter(tenant=lead.tenant_id).values_list("id", "name"))
    shown = [entry_of(row, schema, names) for row in found[:ROWS]]
    return shown, found[ROWS - 1].id if len(found) > ROWS else None


def _sees_all(viewer: AbstractUser, lead: Lead) -> bool:
    is_owner = lead.owner is not None and lead.owner.email.casefold() == viewer.email.casefold()
    return viewer.is_superuser or is_owner


def entry_of(row: Activity, schema: TenantSchema, campaigns: dict[int, str]) -> Entry:
    """One row in words."""
    data = dict(row.data) if isinstance(row.data, dict) else {"value": row.data}
    is_event = row.campaign_id is None
    inner = data.pop("data") if isinstance(data.get("data"), dict) else {}
    details = {key: value for key, value in data.items() if key not in FRAME} | inner
    return Entry(
        at=row.occurred_at,
        title=title_of(row.kind, schema),
        details=details_of(details, schema),
        is_event=is_event,
        campaign=campaigns.get(row.campaign_id, f"campaign {row.campaign_id}") if row.campaign_id else "",
        version=row.version,
        step=row.step or "",
        outcome=OUTCOMES.get(data.get("outcome"), show(data.get("outcome", ""))),
        note=", ".join(show(data[key]) for key in ("event_id", "source") if is_event and key in data),
    )


def title_of(kind: str, schema: TenantSchema) -> str:
    """An event type's label, or the name of what was done."""
    event = schema.find_event_type(kind)
    if event is not None:
        return event.label
    action = next((spec for spec in ACTIONS if spec.logs == kind), None)
    return action.label if action and kind == action.name else kind.replace("_", " ").capitalize()


def details_of(data: dict[str, Any], schema: TenantSchema) -> list[str]:
    """“Orders: 1 → 2” for a change, “amount: 10.00” for the rest."""
    change = [_change_text(data, schema)] if "old" in data or "new" in data else []
    told = {"field", "old", "new"} if change else set()
    return change + [
        f"{key.replace('_', ' ')}: {field_label(value, schema) if key == 'field' else show(value)}"
        for key, value in data.items()
        if key not in told and value not in (None, "", [])
    ]


def _change_text(data: dict[str, Any], schema: TenantSchema) -> str:
    label = field_label(data["field"], schema) if "field" in data else "Value"
    return f"{label}: {show(data.get('old'))} → {show(data.get('new'))}"
