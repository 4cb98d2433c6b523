"""POST /api/v1/events: accept events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from campaigns.api.body import read_events
from campaigns.api.errors import json_response
from campaigns.api.view import ApiView
from campaigns.ingest import Accepted, Outcome, Refused, accept
from engine.figures import retry_seconds

DRAINING_RETRY_SECONDS = 30

ALL_REFUSED = {
    "error": "all_refused",
    "message": "No event was accepted. The reasons are with each; correct them and send them again.",
}
QUEUE_FULL = {
    "error": "queue_full",
    "message": "There is no room for some events. Send those marked “retry” again later, in the same order.",
}
DRAINING = {
    "error": "draining",
    "message": "An operator has closed this tenant to new events for a while. Keep those marked “retry” and send them "
    "again later, in the same order.",
}


class EventsView(ApiView):
    """One event, a list, {"events": […]} or lines: good ones are accepted, of the others nothing is kept."""

    scope = "events:write"
    http_method_names = ("post",)

    def post(self, request: Request) -> HttpResponse:
        tenant = request.user.tenant
        return respond(tenant, accept(tenant, read_events(request), "api", timezone.now()))


def respond(tenant: str, outcomes: Sequence[Outcome]) -> HttpResponse:
    """202 when something was accepted, 422 when nothing was, 429 when something would be, later, 503 when draining."""
    accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    content: dict[str, Any] = {
        "accepted": accepted,
        "refused": len(outcomes) - accepted,
        "events": [_told(outcome) for outcome in outcomes],
    }
    if any(isinstance(outcome, Refused) and outcome.closed for outcome in outcomes):
        return json_response(DRAINING | content, 503, {"Retry-After": str(DRAINING_RETRY_SECONDS)})
    later = sum(isinstance(outcome, Refused) and outcome.retry for outcome in outcomes)
    if later:
        return json_response(QUEUE_FULL | content, 429, {"Retry-After": str(retry_seconds(tenant, later))})
    if not accepted:
        return json_response(ALL_REFUSED | content, 422)
    return json_response(content, 202)


def _told(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        return {"id": outcome.id, "status": "accepted"}
    told = {"index": outcome.index, "id": outcome.id, "status": "refused", "reasons": outcome.reasons}
    return told | {"retry": True} if outcome.retry else told
