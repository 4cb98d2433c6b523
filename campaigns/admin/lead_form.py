"""The form of one lead, with the tenant's own fields in their types.

Workers change leads all the time. The form carries what was shown beside what was typed, so that only what
the person changed is written, whatever happened in between.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django import forms

from campaigns.admin import theme
from campaigns.admin.tenant_pages import TenantForm
from campaigns.admin.text_fields import DocumentField
from campaigns.language.schema import FieldSpec, TenantSchema
from campaigns.language.values import PLACES_LIMIT, STRING_LIMIT, TEXT_LIMIT
from campaigns.models import Lead

PREFIX = "field_"  #: of the inputs of custom fields


def yes_or_no(value: str) -> bool:
    """The typed value of a choice between “true” and “false”."""
    return value == "true"


def _choices(spec: FieldSpec) -> list[tuple[str, str]]:
    return [(option, spec.labels.get(option, option)) for option in sorted(spec.options or ())]


INPUTS: dict[str, Callable[[FieldSpec], forms.Field]] = {
    "string": lambda spec: forms.CharField(max_length=STRING_LIMIT, widget=theme.TextInput),
    "text": lambda spec: forms.CharField(max_length=TEXT_LIMIT, widget=theme.Textarea),
    "integer": lambda spec: forms.IntegerField(widget=theme.NumberInput),
    "decimal": lambda spec: forms.DecimalField(
        decimal_places=PLACES_LIMIT, widget=theme.NumberInput(attrs={"step": "any"})
    ),
    "boolean": lambda spec: forms.TypedChoiceField(
        choices=[("", "not known"), ("true", "yes"), ("false", "no")],
        coerce=yes_or_no,
        empty_value=None,
        widget=theme.Choices,
    ),
    "date": lambda spec: forms.DateField(widget=theme.DateInput),
    "datetime": lambda spec: forms.SplitDateTimeField(widget=theme.DateTimeInput),
    "picklist": lambda spec: forms.ChoiceField(choices=[("", "none"), *_choices(spec)], widget=theme.Choices),
    "multi_select": lambda spec: forms.MultipleChoiceField(choices=_choices(spec), widget=theme.SeveralChoices),
    "json": lambda spec: DocumentField(),
    "currency": lambda spec: forms.CharField(max_length=40, widget=theme.TextInput),
    "geo": lambda spec: DocumentField(),
}


class LeadForm(TenantForm):
    """The built-in fields; lead_form() adds the tenant's."""

    custom: ClassVar[tuple[FieldSpec, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for spec in self.custom:
            self.initial[PREFIX + spec.key] = shown_value(spec, self.instance.fields.get(spec.key))
        if self.instance.pk is not None:
            for field in self.fields.values():
                field.show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for spec in self.custom:
            # What was there before its field was changed may stay.
            if PREFIX + spec.key in cleaned and PREFIX + spec.key in self.changed_data:
                try:
                    self.stored_value(spec)
                except ValueError as error:
                    self.add_error(PREFIX + spec.key, f"It {error}.")
        return cleaned

    def stored_value(self, spec: FieldSpec) -> Any:
        """What was typed for a custom field, in the one form in which it is stored. Raises ValueError."""
        typed = self.cleaned_data[PREFIX + spec.key]
        if isinstance(typed, str):
            typed = typed.replace("\r\n", "\n")  # browsers send line breaks so
        value = None if typed in (None, "", [], {}) else spec.cast(typed)
        return None if value is None else spec.dump(value)

    def _tags_shown(self) -> set[str]:
        """The tags that the lead had when the page was made."""
        bound = self["tags"]
        return set(self._widget_data_value(bound.field.hidden_widget(), bound.html_initial_name))

    def write_all(self, lead: Lead) -> None:
        """Give a new lead its custom fields."""
        values = {spec.key: self.stored_value(spec) for spec in self.custom}
        lead.fields = {key: value for key, value in values.items() if value is not None}

    def write_changes(self, lead: Lead) -> list[str]:
        """Write what the person changed into the lead as it is now; the columns that this touches."""
        columns = {name for name in self.changed_data if not name.startswith(PREFIX)}
        for name in columns - {"tags"}:
            setattr(lead, name, self.cleaned_data[name])
        if "tags" in columns:
            lead.tags = sorted((set(lead.tags) - self._tags_shown()) | set(self.cleaned_data["tags"]))
        for spec in self.custom:
            if PREFIX + spec.key in self.changed_data:
                columns.add("fields")
                _put(lead.fields, spec.key, self.stored_value(spec))
        return sorted(columns)


def _put(fields: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        fields.pop(key, None)
    else:
        fields[key] = value


def shown_value(spec: FieldSpec, stored: Any) -> Any:
    """A stored value as its input wants it; what no longer fits its field is shown as it is."""
    if stored is None:
        return None
    if spec.type == "boolean":
        return "true" if stored is True else "false"
    if spec.type == "datetime":
        return datetime.fromisoformat(stored)
    return stored


def lead_form(schema: TenantSchema, tags: list[str], lead: Lead | None) -> type[LeadForm]:
    """The form class for a tenant's leads, and for one of them: what it holds can always be kept."""
    custom = tuple(spec for spec in schema.fields.values() if not spec.builtin)
    held = set(lead.tags) if lead is not None else set()
    inputs: dict[str, Any] = {
        "stage": forms.TypedChoiceField(
            choices=[("", "none"), *((stage, stage) for stage in schema.stages)],
            empty_value=None,
            required=False,
            widget=theme.Choices,
        ),
        "tags": forms.MultipleChoiceField(
            choices=[(tag, tag) for tag in sorted({*tags, *held})],
            required=False,
            widget=theme.SeveralChoices,
        ),
    }
    for spec in custom:
        inputs[PREFIX + spec.key] = _input(spec, lead)
    return type("LeadForm", (LeadForm,), {**inputs, "custom": custom})


def _input(spec: FieldSpec, lead: Lead | None) -> forms.Field:
    field = INPUTS[spec.type](spec)
    field.required = False
    field.label = spec.label
    held = lead.fields.get(spec.key) if lead is not None else None
    if held is not None and isinstance(field, forms.ChoiceField) and spec.type != "boolean":
        known = {value for value, _ in field.choices}
        missing = [item for item in (held if isinstance(held, list) else [held]) if item not in known]
        field.choices = [*field.choices, *((item, f"{item} (no longer an option)") for item in missing)]
    return field
