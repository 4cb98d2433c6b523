"""What a tenant defines beside its fields: programs, nurtures, topics, purposes, goals."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns.admin import theme
from campaigns.admin.tenant_pages import TenantForm, TenantPages
from campaigns.admin.text_fields import DocumentField
from campaigns.audience import InvalidFilterError, audience_of_smart_list
from campaigns.definitions import DEFINITIONS
from campaigns.hooks import secrets_of
from campaigns.language.definition import Defined, read_definition
from campaigns.language.faults import Fault
from campaigns.language.smartlists import KIND as SMART_LIST
from campaigns.language.smartlists import check_smart_list
from campaigns.models import Definition
from campaigns.schema_source import schema_of
from campaigns.tenancy import connection_of


def kinds() -> list[tuple[str, str]]:
    """The kinds of definitions, from their registry."""
    return [(spec.kind, spec.label) for spec in DEFINITIONS]


def what_kinds_hold() -> str:
    """For the person who writes one."""
    return " ".join(f"{spec.label}: {spec.doc}" for spec in DEFINITIONS)


class DefinitionForm(TenantForm):
    kind = forms.ChoiceField(choices=kinds, widget=theme.Choices, help_text="It cannot be changed later.")
    spec = DocumentField(required=False, label="What it holds", help_text=what_kinds_hold())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind") or self.instance.kind
        if kind and "spec" in cleaned:
            faults = self._faults(kind, cleaned["spec"])
            if faults:
                self.add_error("spec", ValidationError([f"{fault}." for fault in faults]))
        return cleaned

    def _faults(self, kind: str, raw: Any) -> list[Fault]:
        if kind != SMART_LIST:
            return read_definition(kind, raw)[1]
        key = self.cleaned_data.get("key") or self.instance.key
        return check_smart_list(key, raw, schema_of(self.tenant_id))


@admin.register(Definition)
class DefinitionAdmin(TenantPages):
    form = DefinitionForm
    list_display = ("name", "kind", "key", "archived")
    list_filter = ("kind", "archived")
    search_fields = ("name", "key")
    fields = ("kind", "key", "name", "spec", "archived")
    fixed_fields = ("kind", "key")
    change_form_template = "campaigns/definition_form.html"
    campaigns_depend = True
    readonly_fields = ("leads",)

    def get_fields(self, request: HttpRequest, obj: Definition | None = None) -> tuple[str, ...]:
        shows = obj is not None and obj.kind == SMART_LIST
        return (*self.fields, "leads") if shows else self.fields

    @admin.display(description="Leads on it now")
    def leads(self, definition: Definition) -> str:
        """How many match; why it cannot be said where the filter fits no more."""
        tenant = definition.tenant_id
        try:
            audience = audience_of_smart_list(definition.key, schema_of(tenant), timezone.now())
        except InvalidFilterError as error:
            return f"The filter does not fit any more: {error}"
        return f"{audience.count(connection_of(tenant)):,}"

    next_step = "Define what your campaigns speak of: a program with its statuses, a topic to subscribe to, a goal."

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """What another system must know is on the page of a hook and nowhere else."""
        stored = kwargs.get("obj")
        if stored is not None and stored.kind == "hook":
            spec, faults = read_definition("hook", stored.spec, stored=True)
            if not faults:
                hook = Defined("hook", stored.key, stored.name, spec)
                context["hook_address"] = f"/api/v1/hooks/{stored.tenant_id}/{stored.key}"
                context["hook_secret"] = next(secrets_of(stored.tenant_id, hook), None)
        return super().render_change_form(request, context, **kwargs)
