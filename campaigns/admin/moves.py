"""Those inside older versions of a campaign: where each goes is chosen, counted, confirmed, and can be undone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from campaigns.admin.clock_face import with_zone
from campaigns.admin.step_words import labels_of
from campaigns.admin.tenant_pages import TenantPages
from campaigns.batches import live_document
from campaigns.models import Campaign, Move
from campaigns.moves import (
    END,
    MoveRefused,
    Older,
    count_to_take_back,
    latest,
    older_versions,
    plan_move,
    start_move,
    undo_move,
)

STEP = "step:"  #: before the name of an old step, in the names of inputs
GOING = (Move.State.MOVING, Move.State.MOVED)


class MovePages(TenantPages):
    """Pages beside each campaign."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/moves/", guard(self.moves_view), name="campaigns_campaign_moves"),
            path("<int:pk>/moves/<int:move>/undo/", guard(self.undo_view), name="campaigns_campaign_undo"),
            *super().get_urls(),
        ]

    def moves_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Choose where they go; then see the counts; then move them."""
        return self._page(request, lambda: self._moves(request, self._campaign(request, pk)))

    def undo_view(self, request: HttpRequest, pk: int, move: int) -> HttpResponse:
        """Say how many a move can take back; take them back when that is sent back."""
        return self._page(request, lambda: self._undo(request, self._campaign(request, pk), move))

    def _campaign(self, request: HttpRequest, pk: int) -> Campaign:
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def _moves(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        older = older_versions(campaign)
        chosen = _chosen(request, older)
        if request.method != "POST" or chosen is None:
            return self._show(request, campaign, older, chosen)
        plan = _plan(request)
        if "move" not in request.POST:
            return self._preview(request, campaign, chosen, plan)
        try:
            move = start_move(campaign, chosen.version, plan, by=request.user.get_username())
        except MoveRefused:
            return self._preview(request, campaign, chosen, plan)
        said = f"{move.total:,} are taken from version {move.from_version} to version {move.to_version}."
        self.log_change(request, campaign, f"Move {move.pk}: {said}")
        messages.success(request, said)
        return HttpResponseRedirect(_moves_url(campaign))

    def _show(self, request: HttpRequest, campaign: Campaign, older: list[Older], chosen: Older | None) -> HttpResponse:
        moves = latest(campaign)
        old = labels_of(_document(campaign, chosen.version)) if chosen else {}
        context = {
            "older": older,
            "chosen": chosen,
            "steps": [(step, old.get(step, ""), runs) for step, runs in chosen.steps.items()] if chosen else [],
            "targets": labels_of(live_document(campaign)),
            "prefix": STEP,
            "end": END,
            "moves": [(move, with_zone(move.started_at), move.state in GOING) for move in moves],
            "goes_on": any(move.turn_at is not None for move in moves),
        }
        return self._answer(request, campaign, "campaigns/moves.html", f"Who is inside “{campaign}”", context)

    def _preview(self, request: HttpRequest, campaign: Campaign, chosen: Older, plan: dict[str, str]) -> HttpResponse:
        """What the plan would do to those inside now, with every fault."""
        planned = plan_move(campaign, chosen.version, plan)
        context = {
            "planned": planned,
            "version": chosen.version,
            "plan": [(f"{STEP}{step}", target) for step, target in plan.items()],
            "back": f"{_moves_url(campaign)}?from={chosen.version}",
        }
        title = f"Move those inside version {chosen.version} of “{campaign}”"
        return self._answer(request, campaign, "campaigns/move_confirm.html", title, context)

    def _undo(self, request: HttpRequest, campaign: Campaign, id: int) -> HttpResponse:
        move = get_object_or_404(campaign.moves, pk=id)
        if request.method == "POST":
            undo_move(campaign, move.pk)
            said = f"Move {move.pk} is being undone."
            self.log_change(request, campaign, said)
            messages.success(request, said)
            return HttpResponseRedirect(_moves_url(campaign))
        context = {"move": move, "count": count_to_take_back(campaign, move), "back": _moves_url(campaign)}
        return self._answer(request, campaign, "campaigns/move_undo.html", f"Take back {move}", context)

    def _answer(
        self, request: HttpRequest, campaign: Campaign, template: str, title: str, more: dict[str, Any]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "campaign": campaign,
            "change_url": self.change_url(campaign.pk),
            **more,
        }
        return TemplateResponse(request, template, context)


def _moves_url(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_moves", args=[campaign.pk])


def _chosen(request: HttpRequest, older: list[Older]) -> Older | None:
    """The version that was asked for, else the only one."""
    asked = request.POST.get("from") or request.GET.get("from")
    found = next((one for one in older if str(one.version) == asked), None)
    return older[0] if found is None and not asked and len(older) == 1 else found


def _plan(request: HttpRequest) -> dict[str, str]:
    """Old step -> new step; one for which nothing was chosen is left out, and so is to stay under its own id."""
    return {name.removeprefix(STEP): value for name, value in request.POST.items() if name.startswith(STEP) and value}


def _document(campaign: Campaign, version: int) -> Any:
    return campaign.versions.values_list("document", flat=True).filter(number=version).first()
