"""A field of the lead takes another value."""

from __future__ import annotations

from typing import Any

from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.filtertree import all_of
from campaigns.language.lead import LeadState
from campaigns.language.operator import OPERATORS, Options
from campaigns.language.schema import AttributeSpec, FieldSpec, event_type
from campaigns.language.scope import PSEUDO_FIELDS, Scope
from campaigns.language.trigger import Subscription, trigger


@trigger("field_changed", label="A field changes", keys=("field", "from", "to"))
def field_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The field changes, from one value and to another if wanted; null stands for no value."""
    spec = scope.find_field(raw.get("field"), f"{path}.field")
    if spec is None:
        return None
    if spec.key in PSEUDO_FIELDS:
        scope.fault(f"{path}.field", "is no plain field; use the trigger tag_added or list_joined")
        return None
    event = event_type(
        "field.changed",
        AttributeSpec("field", "string", True),
        AttributeSpec("old", spec.type, options=spec.options),
        AttributeSpec("new", spec.type, options=spec.options),
    )
    return Subscription(event, spec.key, _compile_ends(raw, spec, scope, path))


def _compile_ends(raw: dict[str, Any], spec: FieldSpec, scope: Scope, path: str) -> Matches | None:
    tests = [
        _equals(attribute, raw[key], spec, scope, f"{path}.{key}")
        for key, attribute in (("from", "old"), ("to", "new"))
        if key in raw
    ]
    return all_of(tests) if tests else None


def _equals(attribute: str, raw: Any, spec: FieldSpec, scope: Scope, path: str) -> Matches:
    """Equal as the operator `is` of the field's type has it; as it is, where the type has none."""
    try:
        wanted = None if raw is None else spec.cast(raw)
    except ValueError as error:
        scope.fault(path, str(error))
        wanted = None
    found = OPERATORS.get(f"{spec.type}.is")
    form = found.family.value(Options(zone=scope.schema.zone)) if found else None
    if wanted is None or form is None:
        return lambda lead, context: context.event.get(attribute) == wanted
    folded = form(wanted)

    def matches(lead: LeadState, context: Context) -> bool:
        value = context.event.get(attribute)
        return value is not None and form(value) == folded

    return matches
