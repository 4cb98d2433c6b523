"""/api/v1/campaigns/KEY/batches: run a campaign for its audience, and see how far that is."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from campaigns import batches
from campaigns.api.errors import ApiError, json_response
from campaigns.api.named import campaign_named, row_numbered
from campaigns.api.view import ApiView, CampaignView, flag
from campaigns.models import Batch
from campaigns.operations import Refused, WrongState
from campaigns.tenancy import tenant_context


class BatchesView(CampaignView):
    """GET: the last batches, and when the schedule starts the next. POST: start one; with ?dry_run=true only say
    for how many leads it would be."""

    http_method_names = ("get", "head", "post")

    def get(self, request: Request, key: str) -> HttpResponse:
        tenant = request.user.tenant
        with tenant_context(tenant):
            campaign = campaign_named(tenant, key)
            found = batches.latest(campaign)
        return json_response({"batches": [told(batch) for batch in found], "next_at": campaign.next_batch_at})

    def post(self, request: Request, key: str) -> HttpResponse:
        dry = flag(request, "dry_run")
        tenant = request.user.tenant
        try:
            with tenant_context(tenant):
                campaign = campaign_named(tenant, key)
                if dry:
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
                found = row_numbered(campaign_named(tenant, key).batches, batch)
                found = batches.cancel(tenant, found.pk, by=f"API key {request.auth.name}")
        except WrongState as refusal:
            raise ApiError(409, "wrong_state", str(refusal)) from refusal
        return json_response(told(found))


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
