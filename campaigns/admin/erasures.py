"""What will be erased and was, until when it can be cancelled; and legal holds, which keep it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns import erasures
from campaigns.admin import theme
from campaigns.admin.acted_on import ActedOnPages, chosen
from campaigns.admin.clock_face import with_zone
from campaigns.admin.tenant_pages import TenantForm, TenantPages
from campaigns.models import Erasure, Lead, LegalHold

CANCEL_SAYS = (
    "Nothing of these leads is erased, and campaigns may act on them again at once, unless they were frozen before."
    " Runs that were ended and mails that were cancelled stay so. What is erased already does not come back."
)
WAITS_FOR = {
    "held": "waits: a legal hold keeps it",
    "waiting": "waits: events of the lead are still to be executed",
    "busy": "waits: the lead is being worked on",
    "failed": "failed, and is tried again; the log of maintenance says why",
}


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "not done"), ("done", "done"), ("cancelled", "cancelled")]

    def queryset(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        state = self.value()
        return erasures.in_state(rows, state if state in erasures.STATES else None)


@admin.register(Erasure)
class ErasureAdmin(ActedOnPages):
    one, many = "erasure", "erasures"
    list_display = ("requested", "about", "mode", "due", "state")
    list_filter = (StateFilter, "mode")
    ordering = ("-id",)
    fields = ("requested", "about", "mode", "due", "state", "run")
    readonly_fields = fields
    actions = ("cancel",)
    next_step = "Nothing is to be erased. A campaign asks for it with the step “Request erasure”."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return erasures.with_lead_key(super().get_queryset(request))

    @admin.display(description="requested", ordering="id")
    def requested(self, one: Erasure) -> str:
        return with_zone(one.requested_at)

    @admin.display(description="lead")
    def about(self, one: Any) -> str:
        return one.lead_key or "nobody can tell any more"

    @admin.display(description="due")
    def due(self, one: Erasure) -> str:
        return with_zone(one.due_at)

    @admin.display(description="state")
    def state(self, one: Erasure) -> str:
        if one.done_at:
            return f"done on {with_zone(one.done_at)}"
        if one.cancelled_at:
            return f"cancelled on {with_zone(one.cancelled_at)} by {one.cancelled_by}"
        return WAITS_FOR.get(one.waits_for, "can be cancelled")

    @admin.action(description="Cancel those that are not done")
    def cancel(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        rows = rows.filter(turn_at__isnull=False)
        if "confirmed" not in request.POST:
            return self.confirm(request, rows, "cancel", CANCEL_SAYS)
        count = erasures.cancel(request.tenant.pk, chosen(rows), request.user.get_username(), timezone.now())
        messages.success(request, f"{count:,} erasures are cancelled.")
        return None


class LegalHoldForm(TenantForm):
    """A new hold says whose data are kept; of one that is there only the lifting is left to say."""

    lead = forms.CharField(
        required=False,
        widget=theme.TextInput,
        label="Lead's key",
        help_text="Leave it empty to keep the data of all leads.",
    )

    def clean_lead(self) -> str | None:
        key: str = self.cleaned_data["lead"]
        if key and not Lead.objects.filter(tenant=self.tenant_id, key=key).exists():
            raise forms.ValidationError("There is no lead with this key.")
        return key or None


@admin.register(LegalHold)
class LegalHoldAdmin(TenantPages):
    form = LegalHoldForm
    list_display = ("since", "about", "reason", "set_by", "state")
    ordering = ("-id",)
    actions = None
    next_step = "Nothing is held. A hold keeps the data of a lead, or of all, until a person lifts it."

    ADDED: ClassVar = ("lead", "reason")
    SHOWN: ClassVar = ("since", "about", "reason", "set_by", "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return erasures.with_lead_key(super().get_queryset(request))

    def get_fieldsets(self, request: HttpRequest, obj: LegalHold | None = None) -> list:
        if obj is None:
            return [(None, {"fields": self.ADDED})]
        return [(None, {"fields": (*self.SHOWN, "lifted_because")})]

    def get_readonly_fields(self, request: HttpRequest, obj: LegalHold | None = None) -> tuple[str, ...]:
        lifted = ("lifted_because",) if obj is not None and obj.lifted_at else ()
        return (*self.SHOWN, *lifted) if obj is not None else ()

    @admin.display(description="since")
    def since(self, hold: LegalHold) -> str:
        return with_zone(hold.set_at)

    @admin.display(description="whose data")
    def about(self, hold: Any) -> str:
        return "all leads" if hold.lead_id is None else str(hold.lead_key)

    @admin.display(description="state")
    def state(self, hold: LegalHold) -> str:
        return f"lifted on {with_zone(hold.lifted_at)} by {hold.lifted_by}" if hold.lifted_at else "holds"

    def has_delete_permission(self, request: HttpRequest, obj: LegalHold | None = None) -> bool:
        """It is lifted, and stays on record."""
        return False

    def save_model(self, request: HttpRequest, obj: LegalHold, form: forms.ModelForm, change: bool) -> None:
        by, tenant = request.user.get_username(), request.tenant.pk
        if not change:
            obj.pk = erasures.set_hold(tenant, form.cleaned_data["lead"], obj.reason, by=by)
        elif obj.lifted_because:
            erasures.lift_hold(tenant, obj.pk, obj.lifted_because, by=by)
