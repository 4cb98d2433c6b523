"""GET /api/v1/leads/<key> and its activities: what the events have done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from rest_framework.request import Request

from campaigns.api.errors import json_response
from campaigns.api.view import ApiView, before
from campaigns.ingest import name_fault
from campaigns.language.partitions import KEY, KIND
from campaigns.language.schema import TenantSchema
from campaigns.leads import typed
from campaigns.models import Activity, Campaign, Delivery, Lead, ListMember, Record
from campaigns.models.lead import everybody_in
from campaigns.tenancy import tenant_context
from campaigns.vocabularies import vocabularies

PAGE = 100  #: activities in one answer
DELIVERIES = 20  #: the last ones in one answer
RECORDS = 1000  #: most records in one answer


class LeadView(ApiView):
    """The lead as it is now."""

    scope = "leads:read"
    http_method_names = ("get", "head")

    def get(self, request: Request, key: str) -> HttpResponse:
        tenant = request.user.tenant
        schema = vocabularies.of(tenant)
        with tenant_context(tenant):
            lead = find(tenant, key)
            return json_response(describe(lead, schema) if lead.merged_into is None else describe_merged(lead))


class ActivitiesView(ApiView):
    """What happened to the lead, newest first, a hundred at a time."""

    scope = "leads:read"
    http_method_names = ("get", "head")

    def get(self, request: Request, key: str) -> HttpResponse:
        tenant, end = request.user.tenant, before(request)
        with tenant_context(tenant):
            rows = Activity.objects.filter(tenant=tenant, lead__in=everybody_in(find(tenant, key)), id__lt=end)
            page = list(rows.order_by("-id")[: PAGE + 1])
            campaigns = _keys_of_campaigns(page)
        more = page[PAGE - 1].id if len(page) > PAGE else None
        return json_response(
            {"activities": [_describe_activity(row, campaigns) for row in page[:PAGE]], "before": more}
        )


def find(tenant: str, key: str) -> Lead:
    """The tenant's lead of that key. Raises Http404, also for what could be no key at all."""
    lead = None
    if name_fault(key) is None:
        lead = Lead.objects.select_related("company", "owner").filter(tenant=tenant, key=key).first()
    if lead is None:
        raise Http404
    return lead


def describe_merged(lead: Lead) -> dict[str, Any]:
    """Of a lead that was merged into another one only that: what it had is the other one's."""
    winner = Lead.objects.only("key").get(tenant=lead.tenant_id, pk=lead.merged_into)
    return {"key": lead.key, "merged_into": winner.key}


def describe(lead: Lead, schema: TenantSchema) -> dict[str, Any]:
    """The lead in JSON, each field in the one form of its type. Needs the tenant's context."""
    values = typed(lead.fields, schema)
    memberships = ListMember.objects.filter(tenant=lead.tenant_id, lead=lead)
    records = _records(lead)
    return {
        "key": lead.key,
        "email": lead.email,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "phone": lead.phone,
        "company": lead.company.name if lead.company else None,
        "owner": lead.owner.email if lead.owner else None,
        "stage": lead.stage,
        "partition": records.get(KIND, {}).get(KEY, {}).get("partition"),
        "score": lead.score,
        "fields": {key: schema.fields[key].dump(value) for key, value in sorted(values.items()) if value is not None},
        "tags": sorted(lead.tags),
        "lists": sorted(memberships.values_list("list__key", flat=True)),
        "records": records,
        "deliveries": _deliveries(lead),
        "frozen_until": lead.frozen_until,
        "deleted_at": lead.deleted_at,
        "restorable_until": lead.restorable_until,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
    }


def _records(lead: Lead) -> dict[str, dict[str, Any]]:
    """What is kept of the lead, by kind and key."""
    found: dict[str, dict[str, Any]] = {}
    rows = Record.objects.filter(tenant=lead.tenant_id, lead=lead).order_by("kind", "key")
    for kind, key, data in rows.values_list("kind", "key", "data")[:RECORDS]:
        found.setdefault(kind, {})[key] = data
    return found


def _deliveries(lead: Lead) -> list[dict[str, Any]]:
    """What was last written down to be sent because of the lead, newest first."""
    rows = Delivery.objects.filter(tenant=lead.tenant_id, lead=lead).order_by("-id")[:DELIVERIES]
    said = ("key", "channel", "definition", "state", "attempts", "error", "created_at", "ended_at")
    return list(rows.values(*said))


def _keys_of_campaigns(rows: Sequence[Activity]) -> dict[int, str]:
    ids = {row.campaign_id for row in rows} - {None}
    return dict(Campaign.objects.filter(id__in=ids).values_list("id", "key")) if ids else {}


def _describe_activity(row: Activity, campaigns: dict[int, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "recorded_at": row.recorded_at,
        "occurred_at": row.occurred_at,
        "kind": row.kind,
        "campaign": campaigns.get(row.campaign_id),
        "version": row.version,
        "step": row.step,
        "event_key": row.event_key,
        "data": row.data,
    }
