"""/api/v1/erasures and /api/v1/legal-holds: what is to be erased and was, taking it back, and what keeps data."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from campaigns import erasures
from campaigns.api.body import read_body
from campaigns.api.errors import ApiError, json_response
from campaigns.api.named import row_numbered
from campaigns.api.view import ReadOrWrite, before
from campaigns.language.storable import check_text
from campaigns.models import Erasure, Lead, LegalHold
from campaigns.operations import WrongState
from campaigns.tenancy import tenant_context

PAGE = 100  #: rows in one answer
BODY_LIMIT = 16_384
WHY_LIMIT = 1_000  #: characters of a reason


class NewHold(msgspec.Struct, forbid_unknown_fields=True):
    """Whose data are kept, and why."""

    lead: str | None  #: a key; null for all leads
    reason: str


class Lifting(msgspec.Struct, forbid_unknown_fields=True):
    """Why a hold is no longer needed."""

    because: str


class ErasureRights(ReadOrWrite):
    """Erasures, and what holds them up."""

    of = "erasures"


class ErasuresView(ErasureRights):
    """GET: the last ones, newest first, `?state=open`, `done` or `cancelled`; `before` goes on."""

    http_method_names = ("get", "head")

    def get(self, request: Request) -> HttpResponse:
        state = _state(request, erasures.STATES)
        with tenant_context(request.user.tenant):
            rows = erasures.in_state(_erasures(request), state).filter(pk__lt=before(request)).order_by("-id")[:PAGE]
            return json_response(_page("erasures", [_told(one) for one in rows]))


class ErasureView(ErasureRights):
    """GET: one."""

    http_method_names = ("get", "head")

    def get(self, request: Request, id: str) -> HttpResponse:
        with tenant_context(request.user.tenant):
            return json_response(_told(row_numbered(_erasures(request), id)))


class CancelErasureView(ErasureRights):
    """POST: the lead is not erased, and frozen no longer than it was before."""

    http_method_names = ("post",)

    def post(self, request: Request, id: str) -> HttpResponse:
        tenant = request.user.tenant
        with tenant_context(tenant):
            found = row_numbered(_erasures(request), id)
            if not erasures.cancel(tenant, [found.pk], _name(request), timezone.now()):
                raise ApiError(409, "wrong_state", "The erasure is done or cancelled; nothing can be taken back.")
            return json_response(_told(row_numbered(_erasures(request), id)))


class HoldsView(ErasureRights):
    """GET: the last ones, newest first, `?state=open` or `lifted`; `before` goes on. POST: set one."""

    def get(self, request: Request) -> HttpResponse:
        state = _state(request, ("open", "lifted"))
        with tenant_context(request.user.tenant):
            rows = _holds(request).filter(pk__lt=before(request)).order_by("-id")
            rows = rows if state is None else rows.filter(lifted_at__isnull=state == "open")
            return json_response(_page("legal_holds", [_told_hold(one) for one in rows[:PAGE]]))

    def post(self, request: Request) -> HttpResponse:
        said = _read(request, NewHold, '{"lead": "key, or null for all", "reason": "…"}')
        try:
            pk = erasures.set_hold(request.user.tenant, said.lead, said.reason, by=_name(request))
        except Lead.DoesNotExist:
            raise Http404 from None
        return _answer_hold(request, str(pk), 201)


class HoldView(ErasureRights):
    """GET: one."""

    http_method_names = ("get", "head")

    def get(self, request: Request, id: str) -> HttpResponse:
        return _answer_hold(request, id)


class LiftHoldView(ErasureRights):
    """POST: what waited for the hold is erased when it is due."""

    http_method_names = ("post",)

    def post(self, request: Request, id: str) -> HttpResponse:
        tenant = request.user.tenant
        said = _read(request, Lifting, '{"because": "…"}')
        with tenant_context(tenant):
            hold = row_numbered(_holds(request), id)
        try:
            erasures.lift_hold(tenant, hold.pk, said.because, by=_name(request))
        except WrongState as refusal:
            raise ApiError(409, "wrong_state", str(refusal)) from refusal
        return _answer_hold(request, id)


def _answer_hold(request: Request, id: str, status: int = 200) -> HttpResponse:
    with tenant_context(request.user.tenant):
        return json_response(_told_hold(row_numbered(_holds(request), id)), status)


def _erasures(request: Request) -> Any:
    return erasures.with_lead_key(Erasure.objects.filter(tenant=request.user.tenant))


def _holds(request: Request) -> Any:
    return erasures.with_lead_key(LegalHold.objects.filter(tenant=request.user.tenant))


def _name(request: Request) -> str:
    return f"API key {request.auth.name}"


def _state(request: Request, known: Any) -> str | None:
    state = request.GET.get("state")
    if state is not None and state not in known:
        raise ApiError(400, "bad_request", f"“state” is one of {', '.join(known)}.")
    return state


def _page(name: str, told: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: told, "before": told[-1]["id"] if len(told) == PAGE else None}


def _told(one: Any) -> dict[str, Any]:
    """An erasure as the API tells it; of one that is done nobody can tell the lead."""
    names = ("mode", "requested_at", "due_at", "waits_for", "done_at", "cancelled_at", "cancelled_by")
    state = next(state for state, column in erasures.STATES.items() if getattr(one, column) is not None)
    return {"id": one.pk, "lead": one.lead_key, "state": state} | {name: getattr(one, name) for name in names}


def _told_hold(one: Any) -> dict[str, Any]:
    """A hold as the API tells it."""
    names = ("reason", "set_by", "set_at", "lifted_because", "lifted_by", "lifted_at")
    whose = {"lead": one.lead_key, "all_leads": one.lead_id is None}
    return {"id": one.pk, **whose} | {name: getattr(one, name) for name in names}


def _read(request: Request, type: Any, example: str) -> Any:
    """The body; each of its texts says something and can be stored."""
    try:
        said = msgspec.json.decode(read_body(request, BODY_LIMIT), type=type)
        texts = [text for text in msgspec.structs.astuple(said) if text is not None]
        for text in texts:
            check_text(text)
    except (msgspec.DecodeError, ValueError) as error:
        raise ApiError(400, "unreadable_body", f"The body is not one such as {example}: {error}.") from None
    if not all(text.strip() and len(text) <= WHY_LIMIT for text in texts):
        raise ApiError(400, "bad_request", f"Each text of {example} has from 1 to {WHY_LIMIT:,} characters.")
    return said
