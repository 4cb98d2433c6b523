"""What a tenant's campaigns are about: event types, fields, stages, tags, owners, companies."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from campaigns.admin import theme
from campaigns.admin.tenant_pages import TenantForm, TenantPages
from campaigns.admin.text_fields import AttributesField, LinesField, read_option, write_option
from campaigns.language.schema import BUILTIN_FIELDS
from campaigns.language.values import TYPES, cast_string
from campaigns.models import Company, EventType, FieldDefinition, Lead, Owner, Stage, Tag
from campaigns.operations import Refused

WITH_OPTIONS = ("picklist", "multi_select")


def type_choices() -> list[tuple[str, str]]:
    """The types of values, from their registry."""
    return [(kind.name, kind.label.capitalize()) for kind in TYPES.values()]


class EventTypeForm(TenantForm):
    attributes = AttributesField(
        required=False,
        help_text="One a line, such as “amount: decimal, required” or “channel: picklist (web | shop)”.",
    )


@admin.register(EventType)
class EventTypeAdmin(TenantPages):
    form = EventTypeForm
    list_display = ("name", "label", "attribute_names", "open")
    search_fields = ("name", "label")
    fields = ("name", "label", "attributes", "open")
    fixed_fields = ("name",)
    campaigns_depend = True
    next_step = "Tell Fairlane what happens to your leads: add an event type such as “purchase”."

    @admin.display(description="attributes")
    def attribute_names(self, event_type: EventType) -> str:
        return ", ".join(attribute["name"] for attribute in event_type.attributes) or "none"


class FieldForm(TenantForm):
    type = forms.ChoiceField(choices=type_choices, widget=theme.Choices, help_text="It cannot be changed later.")
    options = LinesField(
        required=False,
        help_text="For a choice among values: one on each line, with a label if people shall read another"
        " word: “vip = Very important”. Campaigns and leads know the value before the sign; change labels at any time.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = self.instance.option_labels
        self.initial["options"] = [write_option(option, labels) for option in self.instance.options]

    def clean_key(self) -> str:
        if self.cleaned_data["key"] in BUILTIN_FIELDS:
            raise ValidationError("Every lead has this already; choose another key.")
        return self.cleaned_data["key"]

    def clean_options(self) -> list[str]:
        pairs = [read_option(line) for line in self.cleaned_data["options"]]
        for option in (text for pair in pairs for text in pair if text):
            try:
                cast_string(option)
            except ValueError as error:
                raise ValidationError(f"“{option[:40]}” {error}.") from error
        if len(dict(pairs)) < len(pairs) or not all(option for option, _ in pairs):
            raise ValidationError("Each value is written once, before the sign if it has a label.")
        self.instance.option_labels = {option: label for option, label in pairs if label}
        return [option for option, _ in pairs]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("type") or self.instance.type
        if kind in WITH_OPTIONS and not cleaned.get("options"):
            self.add_error("options", "Write at least one value to choose from.")
        if kind not in WITH_OPTIONS and cleaned.get("options"):
            self.add_error("options", "Only “one of a list” and “several of a list” have options.")
        return cleaned


@admin.register(FieldDefinition)
class FieldDefinitionAdmin(TenantPages):
    form = FieldForm
    list_display = ("key", "label", "type")
    search_fields = ("key", "label")
    fields = ("key", "label", "type", "options")
    fixed_fields = ("key", "type")
    campaigns_depend = True
    next_step = "Leads have a name, an e-mail address, a stage and a score. Add a field for what else you know."
    # Deleting goes lead by lead through what holds a value, so one at a time.
    actions = None

    def delete_model(self, request: HttpRequest, obj: FieldDefinition) -> None:
        if Lead.objects.filter(tenant=request.tenant, fields__has_key=obj.key).exists():
            raise Refused("Leads have a value in this field, so it cannot be deleted.")
        super().delete_model(request, obj)


@admin.register(Stage)
class StageAdmin(TenantPages):
    list_display = ("key", "label", "position")
    search_fields = ("key", "label")
    fields = ("key", "label", "position")
    fixed_fields = ("key",)
    campaigns_depend = True
    next_step = "Add the stages that your leads go through, in order: for example customer, repeat, vip."


@admin.register(Tag)
class TagAdmin(TenantPages):
    list_display = ("name",)
    search_fields = ("name",)
    fields = ("name",)
    fixed_fields = ("name",)
    campaigns_depend = True
    next_step = "Add the tags by which you mark leads."


class OwnerForm(TenantForm):
    email = forms.EmailField(widget=theme.TextInput, label="E-mail")


@admin.register(Owner)
class OwnerAdmin(TenantPages):
    form = OwnerForm
    list_display = ("name", "email", "active")
    list_filter = ("active",)
    search_fields = ("name", "email")
    fields = ("name", "email", "active")
    campaigns_depend = True
    next_step = "Add the people of your sales team, so that campaigns can assign leads to them."


@admin.register(Company)
class CompanyAdmin(TenantPages):
    list_display = ("name", "score")
    search_fields = ("name",)
    fields = ("name", "score", "fields")
    readonly_fields = ("score", "fields")
    next_step = "Add the companies that your leads work for."

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """From the beginning of the name: companies are many."""
        return queryset.filter(name__istartswith=search_term.strip()), False
