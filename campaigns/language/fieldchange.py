"""Subscriptions to the change of a field, with what it was, what it is, and whether it went up or down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.filtertree import all_of
from campaigns.language.lead import LeadState
from campaigns.language.operator import OPERATORS, Options
from campaigns.language.schema import AttributeSpec, FieldSpec, event_type
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription
from campaigns.language.values import show

FIELD_CHANGED = "field.changed"
ENDS = {
    "from": "Only from this value; null: only where there was none",
    "to": "Only to this value; null: only where none is left",
}
DIRECTIONS = ("up", "down")
ORDERED = ("integer", "decimal", "date", "datetime")

Order = Callable[[Any], Any]


def hear_field(
    raw: dict[str, Any], spec: FieldSpec, scope: Scope, path: str, order: Order | None = None
) -> Subscription:
    """Hear the field change, as far as `from`, `to` and `direction` allow it; `order` makes values comparable."""
    event = event_type(
        FIELD_CHANGED,
        AttributeSpec("field", "string", True),
        AttributeSpec("old", spec.type, options=spec.options),
        AttributeSpec("new", spec.type, options=spec.options),
    )
    tests = [
        _equals(attribute, raw[key], spec, scope, f"{path}.{key}")
        for key, attribute in (("from", "old"), ("to", "new"))
        if key in raw
    ]
    if raw.get("direction") is not None:
        tests.append(_moves(raw["direction"], spec, scope, f"{path}.direction", order))
    return Subscription(event, spec.key, all_of(tests) if tests else None)


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


def _moves(direction: Any, spec: FieldSpec, scope: Scope, path: str, order: Order | None) -> Matches:
    """From nothing to something is up, and back is down."""
    if direction not in DIRECTIONS:
        scope.fault(path, f"expected one of {', '.join(DIRECTIONS)}, got {show(direction)}")
    elif order is None and spec.type not in ORDERED:
        scope.fault(path, f"values of type {spec.type} have no order; leave the direction out")
    first, then = ("old", "new") if direction == "up" else ("new", "old")

    def place(value: Any) -> Any:
        return order(value) if order else value

    def matches(lead: LeadState, context: Context) -> bool:
        lower, upper = context.event.get(first), context.event.get(then)
        return upper is not None and (lower is None or place(lower) < place(upper))

    return matches
