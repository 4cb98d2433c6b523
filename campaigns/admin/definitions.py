"""What a tenant defines beside its fields: programs, nurtures, topics, purposes, goals."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from campaigns.admin import theme
from campaigns.admin.tenant_pages import TenantForm, TenantPages
from campaigns.admin.text_fields import DocumentField
from campaigns.definitions import DEFINITIONS
from campaigns.language.definition import read_definition
from campaigns.models import Definition


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
            _, faults = read_definition(kind, cleaned["spec"])
            if faults:
                self.add_error("spec", ValidationError([f"{fault}." for fault in faults]))
        return cleaned


@admin.register(Definition)
class DefinitionAdmin(TenantPages):
    form = DefinitionForm
    list_display = ("name", "kind", "key", "archived")
    list_filter = ("kind", "archived")
    search_fields = ("name", "key")
    fields = ("kind", "key", "name", "spec", "archived")
    fixed_fields = ("kind", "key")
    campaigns_depend = True
    next_step = "Define what your campaigns speak of: a program with its statuses, a topic to subscribe to, a goal."
