"""What is to be sent, was sent, or could not be, for a person to look at, try again or cancel."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns.admin.acted_on import ActedOnPages, chosen
from campaigns.admin.clock_face import with_zone
from campaigns.models import Delivery
from campaigns.sender import byhand

State = Delivery.State

RETRY_SAYS = (
    "Those that failed are tried again, under the key that they had. What was taken in spite of an error is received"
    " twice, unless the receiver heeds the key."
)
CANCEL_SAYS = "Those that wait are never sent. The campaigns of their leads hear that they were cancelled."


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(State.choices)

    def queryset(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return rows.filter(state=self.value()) if self.value() else rows


@admin.register(Delivery)
class DeliveryAdmin(ActedOnPages):
    one, many = "delivery", "deliveries"
    list_display = ("written", "state", "channel", "definition", "to_lead", "attempts", "short_error", "next_try")
    list_filter = (StateFilter,)
    list_select_related = ("lead",)
    search_fields = ("=lead__key", "=definition")
    show_full_result_count = False
    ordering = ("-id",)
    fields = (
        "written", "state", "channel", "destination", "definition", "to_lead", "step", "attempts", "next_try", "ended",
        "error_type", "error", "answer", "key",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("retry", "cancel")
    next_step = (
        "Nothing is to be sent. Once a campaign sends a mail or calls a webhook, you see here what came of it; a mail"
        " begins as a definition of the kind e-mail."
    )

    @admin.display(description="written", ordering="id")
    def written(self, one: Delivery) -> str:
        return with_zone(one.created_at)

    @admin.display(description="lead")
    def to_lead(self, one: Delivery) -> str:
        return one.lead.key

    @admin.display(description="last error")
    def short_error(self, one: Delivery) -> str:
        return one.error[:120]

    @admin.display(description="next try")
    def next_try(self, one: Delivery) -> str:
        return with_zone(one.due_at) if one.state == State.WAITING else ""

    @admin.display(description="ended")
    def ended(self, one: Delivery) -> str:
        return with_zone(one.ended_at) if one.ended_at else ""

    @admin.action(description="Retry those that failed")
    def retry(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        rows = rows.filter(state=State.FAILED)
        if "confirmed" not in request.POST:
            return self.confirm(request, rows, "retry", RETRY_SAYS)
        messages.success(request, f"{byhand.retry(request.tenant.pk, chosen(rows)):,} deliveries are tried again.")
        return None

    @admin.action(description="Cancel those that wait")
    def cancel(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        rows = rows.filter(state=State.WAITING)
        if "confirmed" not in request.POST:
            return self.confirm(request, rows, "cancel", CANCEL_SAYS)
        count = byhand.cancel(request.tenant.pk, chosen(rows), request.user.get_username(), timezone.now())
        messages.success(request, f"{count:,} deliveries are cancelled.")
        return None
