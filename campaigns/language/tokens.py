"""Typed references such as {{ event.amount }}: a parameter that is exactly one token takes that value, type
and all. Where text is taken, more than that is a template (templates.py)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from campaigns.language.context import Context
from campaigns.language.eventtypes import UNDECLARED
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.scope import Scope
from campaigns.language.templates import Template, compile_template, is_template
from campaigns.language.values import TYPES, show
from campaigns.language.variables import find_variable, read_variable

#: Types that a template may be the value of; others take exactly one token.
TEXTS = ("string", "text", UNDECLARED)

Read = Callable[[LeadState, Context], Any]

_TOKEN = re.compile(r"\{\{\s*(?:(now)|(lead|event|run)\.([A-Za-z_][A-Za-z0-9_]{0,62}))\s*\}\}", re.ASCII)


class Target(Protocol):
    """Where a value goes: a field, or an attribute of an event."""

    @property
    def type(self) -> str:
        """The type that it takes."""

    @property
    def options(self) -> frozenset[str] | None:
        """The only values it takes, if it is a choice."""

    @property
    def cast(self) -> Callable[[Any], Any]:
        """Its cast."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A value that is known only while running."""

    read: Read


@dataclass(frozen=True, slots=True)
class Reference:
    """What a token refers to."""

    text: str
    type: str
    read: Read
    options: frozenset[str] | None = None


def is_token(raw: Any) -> bool:
    """Whether a value from a document is meant as a token."""
    return isinstance(raw, str) and "{{" in raw and "}}" in raw


def is_one_token(raw: Any) -> bool:
    """Whether a value from a document is one token and nothing beside it."""
    return isinstance(raw, str) and _TOKEN.fullmatch(raw.strip()) is not None


def find_reference(raw: str, scope: Scope, path: str) -> Reference | None:
    """What a token refers to; None with a fault when it refers to nothing."""
    match = _TOKEN.fullmatch(raw.strip())
    if match is None:
        scope.fault(
            path,
            "is no token; write {{ event.name }}, {{ lead.name }}, {{ run.name }} or {{ now }}, and nothing beside it",
        )
        return None
    now, source, name = match.groups()
    if now:
        return Reference("{{ now }}", "datetime", _read_now)
    if source == "lead":
        return lead_reference(name, scope, path)
    if source == "run":
        return _run_reference(name, scope, path)
    return _event_reference(name, scope, path)


def lead_reference(name: str, scope: Scope, path: str) -> Reference | None:
    """What the name of a field refers to; None with a fault when there is no such field."""
    spec = scope.find_field(name, path)
    if spec is None:
        return None
    read = _read_set(name) if name in ("tags", "lists") else _read_field(name)
    return Reference(f"{{{{ lead.{name} }}}}", spec.type, read, spec.options)


def _event_reference(name: str, scope: Scope, path: str) -> Reference | None:
    spec = scope.find_attribute(name, path)
    if spec is None:
        return None
    if name == "occurred_at":
        return Reference("{{ event.occurred_at }}", "datetime", _read_occurred_at)
    return Reference(f"{{{{ event.{name} }}}}", spec.type, _read_attribute(name), spec.options)


def _run_reference(name: str, scope: Scope, path: str) -> Reference | None:
    kind = find_variable(name, scope, path)
    return kind and Reference(f"{{{{ run.{name} }}}}", kind, read_variable(name))


def _read_now(lead: LeadState, context: Context) -> Any:
    return context.now


def _read_occurred_at(lead: LeadState, context: Context) -> Any:
    return context.occurred_at


def _read_attribute(name: str) -> Read:
    return lambda lead, context: context.event.get(name)


def _read_field(name: str) -> Read:
    return lambda lead, context: lead.values.get(name)


def _read_set(name: str) -> Read:
    return lambda lead, context: frozenset(lead.get(name)) or None


def typed_value(raw: Any, target: Target, scope: Scope, path: str) -> Any:
    """A literal as a typed value or a token as a Dynamic; None for null, and None with a fault for what does
    not fit."""
    if raw is None:
        return None
    if is_template(raw) and target.type in TEXTS and not is_one_token(raw):
        template = compile_template(raw, scope, path)
        return template and Dynamic(_rendered(template, target))
    if is_token(raw):
        reference = find_reference(raw, scope, path)
        return reference and convert(reference, target, scope, path)
    try:
        return target.cast(raw)
    except ValueError as error:
        scope.fault(path, str(error))
        return None


def _rendered(template: Template, target: Target) -> Read:
    def read_text(lead: LeadState, context: Context) -> Any:
        try:
            return target.cast(template(lead, context))
        except ValueError as error:
            raise BadValueError(f"the template's text {error}") from None

    return read_text


def convert(reference: Reference, target: Target, scope: Scope, path: str) -> Dynamic | None:
    """The reading of a reference as another type; None with a fault when the types do not fit."""
    if reference.type == target.type and (target.options is None or reference.options == target.options):
        return Dynamic(reference.read)
    change = _conversion(reference.type, target)
    if change is None:
        known = (TYPES[reference.type].label, TYPES[target.type].label)
        scope.fault(path, f"{reference.text} is of type {known[0]}; expected {known[1]}")
        return None
    if change == "day":
        return Dynamic(_day_of(reference.read))
    return Dynamic(_checked(reference, change))


#: What needs no more than another cast while running. Losing something silently is not among it.
_RECAST = {
    ("text", "string"),
    ("string", "text"),
    ("string", "picklist"),
    ("picklist", "string"),
    ("picklist", "text"),
    ("picklist", "picklist"),
    ("string", "currency"),
    ("currency", "string"),
    ("currency", "text"),
    ("multi_select", "multi_select"),
}
_AS_TEXT = {"integer", "decimal", "date", "datetime"}


def _conversion(source: str, target: Target) -> Any:
    """A function, the word day, or None where there is no way."""
    if target.type == UNDECLARED:
        return TYPES[source].dump
    if source == UNDECLARED or (source, target.type) in _RECAST:
        return target.cast
    if (source, target.type) == ("integer", "decimal"):
        return Decimal
    if (source, target.type) == ("datetime", "date"):
        return "day"
    if source in _AS_TEXT and target.type in ("string", "text"):
        dump = TYPES[source].dump
        return lambda value: str(dump(value))
    return None


def _day_of(read: Read) -> Read:
    def read_day(lead: LeadState, context: Context) -> Any:
        value = read(lead, context)
        return None if value is None else context.schema.day(value)

    return read_day


def _checked(reference: Reference, change: Callable[[Any], Any]) -> Read:
    read, text = reference.read, reference.text

    def read_checked(lead: LeadState, context: Context) -> Any:
        value = read(lead, context)
        if value is None:
            return None
        try:
            return change(value)
        except ValueError as error:
            raise BadValueError(f"{text} is {show(value)}: {error}") from None

    return read_checked
