"""Why a filter says yes or no: each node with what it looked at."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.context import Context
from campaigns.language.filtertree import GROUPS, matches_of, read_filter
from campaigns.language.lead import LeadState
from campaigns.language.leaf import Leaf, Node
from campaigns.language.scope import Scope


class Trace(msgspec.Struct, frozen=True):
    """One node of a filter, asked of one lead."""

    path: str
    holds: bool
    condition: Any  #: the node as it is written; of a group, its name
    value: Any = None  #: what the condition looked at, as JSON
    items: list[Trace] = []


def trace_filter(raw: Any, scope: Scope, path: str, lead: LeadState, context: Context) -> Trace:
    """Ask each node of a filter that is free of faults."""
    name = next((name for name in GROUPS if name in raw), None)
    node = read_filter(raw, scope, path)
    holds = matches_of(node)(lead, context)
    if name is None:
        looked = _looked_at(node)
        found = _value(raw, lead, context) if looked is None else looked(lead, context)
        return Trace(path, holds, raw, _jsonable(found))
    items = [
        trace_filter(item, scope, f"{path}.{name}[{place}]", lead, context) for place, item in enumerate(raw[name])
    ]
    return Trace(path, holds, name, None, items)


def trace_where(raw: Any, compile: Any, path: str, lead: LeadState, context: Context) -> list[Trace]:
    """Ask each constraint of a trigger."""
    found = []
    for place, item in enumerate(raw or ()):
        test = compile([item])
        holds = test is None or test(lead, context)
        found.append(Trace(f"{path}[{place}]", holds, item, _jsonable(_value(item, lead, context))))
    return found


def _looked_at(node: Node) -> Any:
    """What tells the first value that a condition looks at; None where it is told from how it is written."""
    if isinstance(node, Leaf):
        return node.value
    return next((found for item in node.items if (found := _looked_at(item)) is not None), None)


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
    return f"{trace.path} wants {msgspec.json.encode(trace.condition).decode()} and found {value}"


def reasons(trace: Trace) -> list[Trace]:
    """The conditions by which a filter says no: the leaves that had to be otherwise."""
    if trace.holds:
        return []
    if not trace.items:
        return [trace]
    if trace.condition == "none":
        return [leaf for item in trace.items if item.holds for leaf in _leaves(item)]
    return [leaf for item in trace.items for leaf in reasons(item)] or [trace]


def _leaves(trace: Trace) -> list[Trace]:
    return [leaf for item in trace.items for leaf in _leaves(item)] if trace.items else [trace]
