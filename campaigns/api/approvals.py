"""/api/v1/approvals: what waits for a decision, and POST to one of them decides it."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request

from campaigns.api.body import read_body
from campaigns.api.errors import ApiError, json_response
from campaigns.api.view import ApiView
from campaigns.approvals import NOTE_LIMIT, decide, open_approvals
from campaigns.language.storable import check_text
from campaigns.operations import Refused

BODY_LIMIT = 16_384


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent."""

    approved: bool
    by: str = ""  #: the user on whose behalf; must be one of those asked, where some are named
    note: str = ""


class ApprovalsView(ApiView):
    """The open ones, those first that were asked first."""

    scope = "approvals:decide"
    http_method_names = ("get", "head")

    def get(self, request: Request) -> HttpResponse:
        return json_response({"approvals": [_told(one) for one in open_approvals(request.user.tenant)]})


class ApprovalView(ApiView):
    """One is approved or declined, by the key or on behalf of a user that it names."""

    scope = "approvals:decide"
    http_method_names = ("post",)

    def post(self, request: Request, id: str) -> HttpResponse:
        decision = _read(request)
        by = decision.by or f"API key {request.auth.name}"
        try:
            decide(
                request.user.tenant, id, approved=decision.approved, by=by, note=decision.note,
                source=f"API key {request.auth.name}",
            )  # fmt: skip
        except Refused as refusal:
            raise ApiError(409, "refused", str(refusal)) from refusal
        return json_response({"id": id, "approved": decision.approved, "by": by}, 202)


def _told(one: Any) -> dict[str, Any]:
    names = ("id", "lead", "campaign", "step", "text", "approvers", "until")
    return {name: getattr(one, name) for name in names}


def _read(request: Request) -> Decision:
    try:
        decision = msgspec.json.decode(read_body(request, BODY_LIMIT), type=Decision)
        for text in (decision.by, decision.note):
            check_text(text)
    except (msgspec.DecodeError, ValueError) as error:
        message = f'The body is no decision such as {{"approved": true, "note": "…"}}: {error}.'
        raise ApiError(400, "unreadable_body", message) from None
    if len(decision.note) > NOTE_LIMIT or len(decision.by) > 150:
        raise ApiError(400, "bad_request", f"A note has at most {NOTE_LIMIT:,} characters, a name 150.")
    return decision
