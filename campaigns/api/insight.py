"""/api/v1/campaigns/KEY/explain and /rehearse: why a lead is or is not inside, and what a draft would have done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.http import Http404, HttpResponse
from rest_framework.request import Request

from campaigns.api.body import read_body
from campaigns.api.errors import ApiError, json_response
from campaigns.api.view import ApiView
from campaigns.explaining import explain
from campaigns.ingest import name_fault
from campaigns.models import Campaign, Lead
from campaigns.rehearsals import FaultyDraft, rehearse

DAYS_LIMIT = 365
LEADS_LIMIT = 2_000  #: an answer takes seconds, not minutes; manage.py rehearse takes any number


class ExplainView(ApiView):
    """GET ?lead=KEY."""

    scope = "campaigns:read"
    http_method_names = ("get", "head")

    def get(self, request: Request, key: str) -> HttpResponse:
        lead = request.GET.get("lead")
        if name_fault(lead) is not None or lead is None:
            raise ApiError(400, "bad_request", "“lead” is the key of a lead.")
        try:
            return json_response(explain(request.user.tenant, key, lead))
        except (Campaign.DoesNotExist, Lead.DoesNotExist):
            raise Http404 from None


class RehearseView(ApiView):
    """POST {"days": 30, "leads": 1000}, both optional."""

    scope = "campaigns:read"
    http_method_names = ("post",)

    def post(self, request: Request, key: str) -> HttpResponse:
        asked = _read(request)
        now = datetime.now(UTC)
        since = now - timedelta(days=asked["days"])
        try:
            found = rehearse(request.user.tenant, key, since=since, until=now, leads=asked["leads"])
        except Campaign.DoesNotExist:
            raise Http404 from None
        except FaultyDraft as error:
            raise ApiError(422, "refused", "The draft has faults.", faults=error.faults) from error
        return json_response(found)


def _read(request: Request) -> dict[str, int]:
    try:
        body: Any = msgspec.json.decode(read_body(request))
    except msgspec.DecodeError:
        raise ApiError(400, "unreadable_body", "The body cannot be read as JSON.") from None
    if not isinstance(body, dict) or not body.keys() <= {"days", "leads"}:
        raise ApiError(400, "bad_request", "Expected an object with days and leads.")
    return {
        "days": _number(body.get("days", 30), "days", DAYS_LIMIT),
        "leads": _number(body.get("leads", 1_000), "leads", LEADS_LIMIT),
    }


def _number(raw: Any, name: str, most: int) -> int:
    if type(raw) is not int or not 1 <= raw <= most:
        raise ApiError(400, "bad_request", f"“{name}” is a whole number from 1 to {most}.")
    return raw
