"""Batches: how far each is, what is planned, and one of them cancelled."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from campaigns import batches
from campaigns.admin.acted_on import ActedOnPages
from campaigns.admin.clock_face import with_zone
from campaigns.models import Batch, Campaign

State = Batch.State


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(State.choices)

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        return rows.filter(state=self.value()) if self.value() else rows


@admin.register(Batch)
class BatchAdmin(ActedOnPages):
    list_display = ("started", "campaign", "version", "started_by", "state", "progress", "ended", "note", "stop")
    list_filter = (StateFilter,)
    list_select_related = ("campaign",)
    show_full_result_count = False
    ordering = ("-id",)
    fields = (
        "campaign", "version", "state", "started", "started_by", "planned", "looked_at", "total", "sent", "left",
        "ended", "note",
    )  # fmt: skip
    readonly_fields = fields
    actions = None
    change_list_template = "campaigns/batch_list.html"
    next_step = (
        "No campaign was run for an audience yet. Give a campaign the trigger “batch”, publish it, and press Run now"
        " on its page; with a schedule it runs by itself."
    )

    @admin.display(description="started", ordering="id")
    def started(self, batch: Batch) -> str:
        return with_zone(batch.started_at)

    @admin.display(description="planned for")
    def planned(self, batch: Batch) -> str:
        return with_zone(batch.planned_for) if batch.planned_for else ""

    @admin.display(description="audience as of")
    def looked_at(self, batch: Batch) -> str:
        return with_zone(batch.as_of) if batch.as_of else ""

    @admin.display(description="progress")
    def progress(self, batch: Batch) -> str:
        if batch.state == State.COUNTING:
            return f"{batch.total:,} found so far"
        meter = '<progress value="{}" max="{}"></progress> {} of {} told'
        return format_html(meter, batch.sent, batch.total or 1, f"{batch.sent:,}", f"{batch.total:,}")

    @admin.display(description="left")
    def left(self, batch: Batch) -> str:
        return f"{batches.left(batch):,}"

    @admin.display(description="ended")
    def ended(self, batch: Batch) -> str:
        return with_zone(batch.ended_at) if batch.ended_at else ""

    @admin.display(description="")
    def stop(self, batch: Batch) -> str:
        if not batch.is_open:
            return ""
        url = reverse("admin:campaigns_batch_cancel", args=[batch.pk])
        return format_html('<a class="fairlane-button fairlane-danger" href="{}">Cancel…</a>', url)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().changelist_view(request, {"planned": _planned(request), **(extra_context or {})})

    # -- cancelling one

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("<int:pk>/cancel/", view, name="campaigns_batch_cancel"), *super().get_urls()]

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say how many are told and how many are left; cancel it when that is sent back."""
        return self._page(request, lambda: self._cancel(request, get_object_or_404(self.get_queryset(request), pk=pk)))

    def _cancel(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        if request.method == "POST":
            batches.cancel(batch.tenant_id, batch.pk, by=request.user.get_username())
            self.log_change(request, batch, "Cancelled.")
            messages.success(request, f"The batch of “{batch.campaign}” is cancelled.")
            return HttpResponseRedirect(self.list_url())
        context = {
            **self.admin_site.each_context(request),
            "title": f"Cancel the batch of “{batch.campaign}” of {with_zone(batch.started_at)}",
            "opts": self.opts,
            "batch": batch,
            "counts": batch.state == State.COUNTING,
            "left": batches.left(batch),
            "list_url": self.list_url(),
        }
        return TemplateResponse(request, "campaigns/batch_cancel.html", context)


def _planned(request: HttpRequest) -> list[tuple[Campaign, str]]:
    """The campaigns whose schedules start a batch next, and when."""
    if request.tenant is None:
        return []
    return [(campaign, with_zone(campaign.next_batch_at)) for campaign in batches.planned(request.tenant.pk)]
