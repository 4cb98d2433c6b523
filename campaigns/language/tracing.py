"""Why a filter says yes or no: each node with what it looked at."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.context import Context
from campaigns.language.exclusions import EXCLUDED, is_excluded
from campaigns.language.filtertree import GROUPS, matches_of, read_filter
from campaigns.language.lead import LeadState
from campaigns.language.leaf import Leaf, Look, Node
from campaigns.language.outcome import BadValueError
from campaigns.language.scope import Scope
from campaigns.language.templates import compile_template, is_template
from campaigns.language.tokens import find_reference, is_one_token


class Trace(msgspec.Struct, frozen=True):
    """One node of a filter, asked of one lead."""

    path: str
    holds: bool
    condition: Any  #: the node as it is written; of a group, its name
    value: Any = None  #: what the condition looked at, as JSON
    items: list[Trace] = []  #: of a group or a smart list, what it is made of
    compared: Any = None  #: its value, with what the tokens in it stood for; None without tokens


def trace_filter(raw: Any, scope: Scope, path: str, lead: LeadState, context: Context) -> Trace:
    """Ask each node of a filter that is free of faults."""
    name = next((name for name in GROUPS if name in raw), None)
    node = read_filter(raw, scope, path)
    holds = matches_of(node)(lead, context)
    if "smart_list" in raw:
        return Trace(path, holds, raw, None, _within_list(raw["smart_list"], scope, path, lead, context))
    if name is None:
        looks = _looks(node)
        found = _value(raw, lead, context) if looks is None else looks(lead, context)
        compared = _compared(raw.get("value"), scope, path, lead, context)
        return Trace(path, holds, raw, _jsonable(found), compared=compared)
    items = [
        trace_filter(item, scope, f"{path}.{name}[{place}]", lead, context) for place, item in enumerate(raw[name])
    ]
    return Trace(path, holds, name, None, items)


def _within_list(key: str, scope: Scope, path: str, lead: LeadState, context: Context) -> list[Trace]:
    """What a smart list asks: that the lead is not excluded, and its own filter."""
    listed = scope.schema.defined("smart_list").get(key)
    if listed is None:
        return []
    excluded = is_excluded(lead, key, context.now)
    since = lead.records.get((EXCLUDED, key))
    return [
        Trace(f"{path}.excluded", not excluded, {"smart_list": key, "excluded": False}, _jsonable(since)),
        trace_filter(listed.spec.filter, scope, f"{path}.smart_list", lead, context),
    ]


def _compared(wanted: Any, scope: Scope, path: str, lead: LeadState, context: Context) -> Any:
    """What a condition's value stood for; None where there is no token in it."""
    items = wanted if isinstance(wanted, list) else [wanted]
    if not any(map(is_template, items)):
        return None
    found = [_rendered(item, scope, path, lead, context) if is_template(item) else item for item in items]
    return _jsonable(found if isinstance(wanted, list) else found[0])


def _rendered(raw: str, scope: Scope, path: str, lead: LeadState, context: Context) -> Any:
    reference = find_reference(raw, scope, path) if is_one_token(raw) else None
    read = reference.read if reference else compile_template(raw, scope, path)
    try:
        return _jsonable(read(lead, context)) if read else None
    except BadValueError:  # it is compared with nothing
        return None


def trace_where(raw: Any, compile: Any, path: str, lead: LeadState, context: Context) -> list[Trace]:
    """Ask each constraint of a trigger."""
    found = []
    for place, item in enumerate(raw or ()):
        test = compile([item])
        holds = test is None or test(lead, context)
        found.append(Trace(f"{path}[{place}]", holds, item, _jsonable(_value(item, lead, context))))
    return found


def _looks(node: Node) -> Look | None:
    """What tells the first value that a condition looks at; None where it is told from how it is written."""
    if isinstance(node, Leaf):
        return node.value
    return next((found for item in node.items if (found := _looks(item)) is not None), None)


def _value(raw: dict[str, Any], lead: LeadState, context: Context) -> Any:
    field = raw.get("field") or raw.get("has_been")
    if isinstance(field, str):
        return lead.get(field)
    name = raw.get("event") or raw.get("attribute")
    if name == "occurred_at":
        return context.occurred_at
    return context.event.get(name) if isinstance(name, str) else None


def _jsonable(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return msgspec.json.decode(msgspec.json.encode(value)) if value is not None else None


def say(trace: Trace) -> str:
    """A condition, and what it found."""
    value = "no value" if trace.value is None else msgspec.json.encode(trace.value).decode()
    tokens = "" if trace.compared is None else f" to compare with {msgspec.json.encode(trace.compared).decode()}"
    return f"{trace.path} wants {msgspec.json.encode(trace.condition).decode()} and found {value}{tokens}"


def reasons(trace: Trace) -> list[Trace]:
    """The conditions by which a filter says no: the leaves that had to be otherwise."""
    if trace.holds:
        return []
    if not trace.items:
        return [trace]
    if trace.condition == "none":
        return [leaf for item in trace.items if item.holds for leaf in leaves(item)]
    return [leaf for item in trace.items for leaf in reasons(item)] or [trace]


def leaves(trace: Trace) -> list[Trace]:
    """The conditions of a filter, without its groups."""
    return [leaf for item in trace.items for leaf in leaves(item)] if trace.items else [trace]
