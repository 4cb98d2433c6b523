"""/api/v1/campaigns/KEY/batches: run a campaign for its audience, and see how far that is."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from rest_framework.request import Request

from campaigns import batches
from campaigns.api.errors import ApiError, json_response
from campaigns.api.view import ApiView
from campaigns.ingest import name_fault
from campaigns.models import Batch, Campaign
from campaigns.operations import Refused, WrongState
from campaigns.tenancy import tenant_context


class BatchesView(ApiView):
    """GET: the last batches. POST: start one; with ?dry_run=true only say for how many leads it would be."""

    http_method_names = ("get", "head", "post")

    @property
    def scope(self) -> str:  # type: ignore[override]
        """Reading and writing are rights of their own."""
        return "campaigns:write" if self.request.method == "POST" else "campaigns:read"

    def get(self, request: Request, key: str) -> HttpResponse:
        tenant = request.user.tenant
        with tenant_context(tenant):
            found = batches.latest(_campaign(tenant, key))
        return json_response({"batches": [told(batch) for batch in found]})

    def post(self, request: Request, key: str) -> HttpResponse:
        dry = request.GET.get("dry_run", "false")
        if dry not in ("true", "false"):
            raise ApiError(400, "bad_request", "“dry_run” is true or false.")
        tenant = request.user.tenant
        try:
            with tenant_context(tenant):
                campaign = _campaign(tenant, key)
                if dry == "true":
                    return json_response({"leads": batches.count_members(campaign)})
                batch = batches.start(campaign, by=f"API key {request.auth.name}")
        except Refused as refusal:
            raise ApiError(409, "wrong_state", str(refusal)) from refusal
        return json_response(told(batch), 202)


class CancelView(ApiView):
    """POST: tell no more members of a batch."""

    scope = "campaigns:write"
    http_method_names = ("post",)

    def post(self, request: Request, key: str, batch: str) -> HttpResponse:
        tenant = request.user.tenant
        try:
            with tenant_context(tenant):
                found = _batch(_campaign(tenant, key), batch)
                found = batches.cancel(tenant, found.pk, by=f"API key {request.auth.name}")
        except WrongState as refusal:
            raise ApiError(409, "wrong_state", str(refusal)) from refusal
        return json_response(told(found))


def _campaign(tenant: str, key: str) -> Campaign:
    found = None if name_fault(key) else Campaign.objects.filter(tenant_id=tenant, key=key).first()
    if found is None:
        raise Http404
    return found


def _batch(campaign: Campaign, id: str) -> Batch:
    found = campaign.batches.filter(pk=int(id)).first() if id.isascii() and id.isdecimal() and len(id) < 18 else None
    if found is None:
        raise Http404
    return found


def told(batch: Batch) -> dict[str, Any]:
    """A batch as the API tells it."""
    return {
        "id": batch.pk,
        "version": batch.version,
        "state": batch.state,
        "started_by": batch.started_by,
        "started_at": batch.started_at,
        "planned_for": batch.planned_for,
        "as_of": batch.as_of,
        "leads": batch.total,
        "sent": batch.sent,
        "ended_at": batch.ended_at,
        "note": batch.note,
    }
