"""/api/v1/campaigns/KEY/document: a campaign as one document, out and in, with a plan of what that would change."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import Http404, HttpResponse
from rest_framework.request import Request

from campaigns.api.body import read_body
from campaigns.api.errors import ApiError, json_response
from campaigns.api.view import ApiView, CampaignView, flag
from campaigns.exchange.applying import ApplyRefused, Plan, apply, export, plan
from campaigns.exchange.file import CampaignFile, open_file
from campaigns.exchange.reading import SIZE_LIMIT, UnreadableError, read, write_yaml
from campaigns.ingest import name_fault
from campaigns.models import Campaign
from campaigns.operations import PublicationRefused, WrongState

YAML = "application/yaml"


class DocumentView(CampaignView):
    """GET: the draft and what it refers to, in JSON or, with ?as=yaml, in YAML. PUT: make a document the draft."""

    http_method_names = ("get", "head", "put")

    def get(self, request: Request, key: str) -> HttpResponse:
        form = request.GET.get("as", "json")
        if form not in ("json", "yaml"):
            raise ApiError(400, "bad_request", "“as” is json or yaml.")
        try:
            if name_fault(key) is not None:
                raise Http404
            file = export(request.user.tenant, key)
        except Campaign.DoesNotExist:
            raise Http404 from None
        if form == "json":
            return json_response(file)
        return HttpResponse(write_yaml(msgspec.to_builtins(file)), content_type=f"{YAML}; charset=utf-8")

    def put(self, request: Request, key: str) -> HttpResponse:
        publishing = flag(request, "publish")
        file = _read_file(request, key)
        try:
            applied = apply(request.user.tenant, file, by=f"API key {request.auth.name}", publishing=publishing)
        except (ApplyRefused, PublicationRefused) as refusal:
            raise ApiError(422, "refused", str(refusal), faults=refusal.faults) from refusal
        except WrongState as refusal:
            raise ApiError(409, "wrong_state", str(refusal)) from refusal
        content = {"key": key, "created": applied.created, "version": applied.version, **_told(applied.plan)}
        return json_response(content, 201 if applied.created else 200)


class PlanView(ApiView):
    """POST: what PUT of the same document would change and what stands in its way. Changes nothing."""

    scope = "campaigns:read"
    http_method_names = ("post",)

    def post(self, request: Request, key: str) -> HttpResponse:
        found = plan(request.user.tenant, _read_file(request, key))
        return json_response({"key": key, "exists": found.exists, **_told(found)})


def _told(found: Plan) -> dict[str, Any]:
    return {
        "changes": found.changes,
        "refused": [fault._asdict() for fault in found.refused],
        "faults": [fault._asdict() for fault in found.faults],
        "warnings": [warning._asdict() for warning in found.warnings],
        "would_publish": found.would_publish and not found.faults,
    }


def _read_file(request: Request, key: str) -> CampaignFile:
    try:
        file, faults = open_file(read(read_body(request, SIZE_LIMIT)))
    except UnreadableError as error:
        raise ApiError(400, "unreadable_body", f"The body cannot be read as YAML or JSON: {error}.") from None
    if file is None:
        raise ApiError(422, "refused", "The document is no campaign.", faults=faults)
    if file.key != key:
        raise ApiError(422, "refused", f"The document is that of campaign “{file.key}”, not of “{key}”.")
    return file
