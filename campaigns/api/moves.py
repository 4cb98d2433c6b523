"""/api/v1/campaigns/KEY/moves: those inside older versions, taken to the live one by a plan, and back."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request

from campaigns import moves
from campaigns.api.body import read_body
from campaigns.api.errors import ApiError, json_response
from campaigns.api.named import campaign_named, row_numbered
from campaigns.api.view import ApiView, CampaignView, flag
from campaigns.models import Move
from campaigns.moves import MoveRefused, Planned
from campaigns.operations import WrongState
from campaigns.tenancy import tenant_context

BODY_LIMIT = 65_536


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent."""

    from_version: int = msgspec.field(name="from")
    plan: dict[str, str] = {}  #: old step -> new step, or end


class MovesView(CampaignView):
    """GET: who is inside older versions, and the last moves. POST: move them; with ?dry_run=true only say the counts
    and the faults."""

    http_method_names = ("get", "head", "post")

    def get(self, request: Request, key: str) -> HttpResponse:
        tenant = request.user.tenant
        with tenant_context(tenant):
            campaign = campaign_named(tenant, key)
            older, found = moves.older_versions(campaign), moves.latest(campaign)
        return json_response({"older": older, "moves": [told(move) for move in found]})

    def post(self, request: Request, key: str) -> HttpResponse:
        dry = flag(request, "dry_run")
        wanted, tenant = _read(request), request.user.tenant
        with tenant_context(tenant):
            campaign = campaign_named(tenant, key)
            if dry:
                return json_response(_planned(moves.plan_move(campaign, wanted.from_version, wanted.plan)))
            return json_response(told(_start(campaign, wanted, f"API key {request.auth.name}")), 202)


class UndoView(ApiView):
    """POST: take back those who have not gone on since."""

    scope = "campaigns:write"
    http_method_names = ("post",)

    def post(self, request: Request, key: str, move: str) -> HttpResponse:
        tenant = request.user.tenant
        try:
            with tenant_context(tenant):
                campaign = campaign_named(tenant, key)
                found = moves.undo_move(campaign, row_numbered(campaign.moves, move).pk)
        except WrongState as refusal:
            raise ApiError(409, "wrong_state", str(refusal)) from refusal
        return json_response(told(found), 202)


def _read(request: Request) -> Wanted:
    try:
        return msgspec.json.decode(read_body(request, BODY_LIMIT), type=Wanted)
    except msgspec.DecodeError as error:
        message = f'The body is no plan such as {{"from": 3, "plan": {{"old-step": "new-step"}}}}: {error}.'
        raise ApiError(400, "unreadable_body", message) from None


def _start(campaign: Any, wanted: Wanted, by: str) -> Move:
    try:
        return moves.start_move(campaign, wanted.from_version, wanted.plan, by=by)
    except MoveRefused as refusal:
        raise ApiError(422, "refused", "Nobody can be moved like this.", faults=refusal.faults) from refusal
    except WrongState as refusal:
        raise ApiError(409, "wrong_state", str(refusal)) from refusal


def _planned(planned: Planned) -> dict[str, Any]:
    return {
        "leads": planned.runs,
        "steps": planned.steps,
        "faults": [fault._asdict() for fault in planned.faults],
    }


def told(move: Move) -> dict[str, Any]:
    """A move as the API tells it."""
    return {
        "id": move.pk,
        "from": move.from_version,
        "to": move.to_version,
        "state": move.state,
        "leads": move.total,
        "moved": move.moved,
        "ended": move.ended,
        "undone": move.undone,
        "over": move.turn_at is None,
        "started_by": move.started_by,
        "started_at": move.started_at,
    }
