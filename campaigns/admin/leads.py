"""Leads: found by key or e-mail address, changed field by field, with what happened to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns import restoring
from campaigns.admin import timeline
from campaigns.admin.acted_on import ConfirmedPages, chosen
from campaigns.admin.clock_face import with_zone
from campaigns.admin.lead_form import PREFIX, LeadForm, lead_form
from campaigns.admin.tenant_pages import own_rows
from campaigns.language.partitions import KEY, KIND
from campaigns.language.schema import TenantSchema
from campaigns.models import Erasure, Lead, Stage, Tag
from campaigns.schema_source import schema_of


class StageFilter(admin.SimpleListFilter):
    """The tenant's stages."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, str]]:
        return own_rows(Stage.objects.all(), request).values_list("key", "label")

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(stage=self.value()) if self.value() else queryset


class PresenceFilter(admin.SimpleListFilter):
    """Whether they are there."""

    title = "presence"
    parameter_name = "presence"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, str]]:
        return (("there", "there"), ("restorable", "deleted, can be restored"), ("gone", "deleted for good"))

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "there":
                return queryset.filter(deleted_at=None, merged_into=None)
            case "restorable":
                return restoring.restorable(queryset, timezone.now())
            case "gone":
                return queryset.filter(deleted_at__isnull=False, restorable_until=None)
        return queryset


RESTORE_SAYS = (
    "Those that were deleted and can be restored are there again, each behind what was sent for it before; campaigns"
    " that hear of restored leads are run. Runs that were ended do not come back."
)


@admin.register(Lead)
class LeadAdmin(ConfirmedPages):
    one, many = "lead", "leads"
    form = LeadForm
    list_display = ("key", "full_name", "email", "stage", "score", "owner", "state", "changed")
    list_display_links = ("key",)
    list_select_related = ("owner",)
    list_filter = (PresenceFilter, StageFilter)
    search_fields = ("key", "email")
    search_help_text = "A key, or the beginning of a key, an e-mail address or a name"
    ordering = ("-id",)
    sortable_by = ()
    fixed_fields = ("key",)
    autocomplete_fields = ("company", "owner")
    change_form_template = "campaigns/lead_form.html"
    next_step = "No lead yet. Send an event with POST /api/v1/events, replay a file, or add one here."
    actions = ("restore",)
    show_full_result_count = False  # counting a million leads takes longer than showing fifty

    ABOUT: ClassVar = ("key", "first_name", "last_name", "email", "phone", "company", "owner")
    STANDING: ClassVar = ("stage", "score", "tags", "on_lists", "partition", "frozen_until")

    @admin.display(description="name")
    def full_name(self, lead: Lead) -> str:
        return " ".join(filter(None, (lead.first_name, lead.last_name)))

    @admin.display(description="last change")
    def changed(self, lead: Lead) -> str:
        return with_zone(lead.updated_at)

    @admin.display(description="lists")
    def on_lists(self, lead: Lead) -> str:
        names = lead.list_memberships.values_list("list__name", flat=True).order_by("list__name")
        return ", ".join(names) or "none"

    @admin.display(description="partition")
    def partition(self, lead: Lead) -> str:
        kept = lead.records.filter(kind=KIND, key=KEY).values_list("data__partition", flat=True).first()
        return kept or "none"

    @admin.display(description="state")
    def state(self, lead: Lead) -> str:
        """In plain words: there, deleted and until when it can be restored, or merged into whom."""
        if lead.merged_into is not None:
            return f"merged into {Lead.objects.only('key').get(tenant=lead.tenant_id, pk=lead.merged_into).key}"
        if lead.deleted_at is None:
            return ""
        if lead.restorable_until is None:
            return f"deleted for good on {with_zone(lead.deleted_at)}"
        until = with_zone(lead.restorable_until)
        return f"deleted on {with_zone(lead.deleted_at)}, it can be restored until {until}"

    @admin.display(description="erasure")
    def erasure(self, lead: Lead) -> str:
        """When what is known of the lead will be erased."""
        asked = open_erasure(lead)
        return f"{asked.get_mode_display()}, due on {with_zone(asked.due_at)}" if asked else ""

    @admin.action(description="Restore those that were deleted")
    def restore(self, request: HttpRequest, leads: QuerySet) -> HttpResponse | None:
        """By an event of each, so that it has its place among what is sent for the lead."""
        leads = restoring.restorable(leads, timezone.now())
        if "confirmed" not in request.POST:
            return self.confirm(request, leads, "restore", RESTORE_SAYS)
        count = restoring.restore(request.tenant.pk, chosen(leads), request.user.get_username(), timezone.now())
        messages.success(request, f"{count:,} leads are restored as soon as their turn comes.")
        return None

    def log_addition(self, request: HttpRequest, obj: Lead, message: Any) -> LogEntry:
        return _without_name(super().log_addition(request, obj, message))

    def log_change(self, request: HttpRequest, obj: Lead, message: Any) -> LogEntry:
        return _without_name(super().log_change(request, obj, message))

    def has_change_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        """Nothing happens to a lead that is deleted or merged away."""
        gone = obj is not None and (obj.deleted_at is not None or obj.merged_into is not None)
        return not gone and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        """Activities are append-only and name their lead."""
        return False

    # -- the form

    def get_form(self, request: HttpRequest, obj: Lead | None = None, change: bool = False, **kwargs: Any) -> Any:
        tags = own_rows(Tag.objects.all(), request).values_list("name", flat=True)
        form = lead_form(schema_for(request), list(tags), obj)
        return super().get_form(request, obj, change=change, form=form, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Lead | None = None) -> list:
        custom = [PREFIX + spec.key for spec in schema_for(request).fields.values() if not spec.builtin]
        gone = obj is not None and (obj.deleted_at is not None or obj.merged_into is not None)
        sets = [("State", {"fields": ("state",)})] if gone else []
        if obj is not None and open_erasure(obj):
            sets.append(("Erasure", {"fields": ("erasure",)}))
        sets += [("Person", {"fields": self.ABOUT}), ("Standing", {"fields": self.STANDING})]
        if custom:
            sets.append(("Your fields", {"fields": custom}))
        return sets

    def get_readonly_fields(self, request: HttpRequest, obj: Lead | None = None) -> tuple[str, ...]:
        asked = ("frozen_until",) if obj is not None and open_erasure(obj) else ()
        return (*super().get_readonly_fields(request, obj), "on_lists", "partition", "state", "erasure", *asked)

    def save_model(self, request: HttpRequest, obj: Lead, form: LeadForm, change: bool) -> None:
        """Of a lead that is there, write what the person changed into the row as it is now, locked."""
        if not change:
            form.write_all(obj)
            obj.save()
            return
        lead = own_rows(Lead.objects.select_for_update(), request).get(pk=obj.pk)
        columns = form.write_changes(lead)
        if columns:
            lead.updated_at = timezone.now()
            lead.save(update_fields=[*columns, "updated_at"])

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        """There is nothing related in this form."""

    # -- the lists

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """The lead of that key, which an index finds; else those whose key, address or name begins so."""
        term = search_term.strip().replace("\x00", "")
        exact = queryset.filter(key=term)
        if not term or exact.exists():
            return (exact if term else queryset), False
        begins = Q()
        for name in ("key", "email", "first_name", "last_name"):
            begins |= Q(**{f"{name}__istartswith": term})
        return queryset.filter(begins), False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        lead = kwargs.get("obj")
        if lead is not None:
            before = request.GET.get("before", "")
            position = int(before) if before.isdecimal() and len(before) < 19 else None
            context["entries"], context["older"] = timeline.entries(
                lead, schema_for(request), request.user, before=position
            )
            context["is_older_page"] = position is not None
            restorable = restoring.restorable(self.get_queryset(request), timezone.now())
            context["can_be_restored"] = restorable.filter(pk=lead.pk).exists()
        return super().render_change_form(request, context, **kwargs)


def schema_for(request: HttpRequest) -> TenantSchema:
    """The tenant's vocabulary, read once for each request."""
    if not hasattr(request, "tenant_schema"):
        request.tenant_schema = schema_of(request.tenant.pk)
    return request.tenant_schema


def open_erasure(lead: Lead) -> Erasure | None:
    """The erasure of the lead that is not done: as long as there is one, the lead stays frozen."""
    return Erasure.objects.filter(tenant=lead.tenant_id, lead_id=lead.pk, turn_at__isnull=False).first()


def _without_name(entry: LogEntry) -> LogEntry:
    """The log of changes outlives a lead that is erased."""
    entry.object_repr = f"lead {entry.object_id}"
    entry.save(update_fields=["object_repr"])
    return entry
