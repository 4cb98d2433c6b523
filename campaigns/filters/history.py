"""What the lead did, or had changed: how often, ever or within a time, when first and last, and what came next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.asking import combined, event_of, expect, look_back, read_kind, read_last, read_span, read_then
from campaigns.language.condition import SWITCHES
from campaigns.language.constraints import Constraint, Difference, constrain, equality, read_where
from campaigns.language.eventtypes import AttributeSpec
from campaigns.language.history import Question
from campaigns.language.leaf import NEVER, Group, Node, condition
from campaigns.language.periods import read_period
from campaigns.language.schema import FieldSpec
from campaigns.language.scope import PSEUDO_FIELDS, Scope
from campaigns.language.sources import SOURCES
from campaigns.language.values import show

NUMBERS = ("integer", "decimal")
#: The values of a field before and after a change, and where it says them.
ENDS = {"was": "old", "to": "new"}
#: Where a change stands in the data of an activity: of a step, or of an event by which it was told.
STEP: tuple[str, ...] = ()
EVENT = ("data",)


@condition("activity")
def activity(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """An activity of the history: {"activity": "purchase", "count": {"at_least": 2}, "in_past": {...}}."""
    negative = expect(raw, ("performed", "not_performed"), ("activity", "where", "then"), scope, path)
    kind = read_kind(raw["activity"], scope, f"{path}.activity")
    if kind is None:
        return NEVER
    event = event_of(kind, scope)
    where = read_where(raw.get("where", []), event, scope, f"{path}.where")
    question = Question(kind, where, read_span(raw, scope, path), last_is=read_last(raw, event, scope, path))
    if "then" not in raw:
        return combined(look_back(question, raw, scope, path), negative=negative)
    for name in ("count", "first", "last", "last_is"):
        if name in raw:
            scope.fault(f"{path}.{name}", "cannot stand beside then; ask it in a condition of its own")
    followed = read_then(raw["then"], question, scope, f"{path}.then")
    return NEVER if followed is None else combined([followed], negative=negative)


@condition("changed")
def changed(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A field that was changed: {"changed": "stage", "operator": "changed", "to": "vip", "in_past": {...}}. `was` is
    its value before, `by` how much more a number became, `reason` and `source` why and by whom."""
    own = ("changed", *ENDS, "by", "reason", "source")
    negative = expect(raw, ("changed", "not_changed"), own, scope, path)
    spec = scope.find_field(raw["changed"], f"{path}.changed")
    if spec is None:
        return NEVER
    if spec.key in PSEUDO_FIELDS:
        scope.fault(
            f"{path}.changed", "is no plain field; ask for the activity change_tags, add_to_list or list.joined"
        )
        return NEVER
    where = _read_change(raw, spec, scope, path)
    last = _read_change(raw["last_is"], spec, scope, f"{path}.last_is") if _asks_last(raw, scope, path) else ()
    question = Question(None, where, read_span(raw, scope, path), spec.key, _read_sources(raw, scope, path), last)
    return combined(look_back(question, raw, scope, path), negative=negative)


@condition("has_been")
def has_been(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """What a field holds now, and did not change within a period: {"has_been": "stage", "operator": "is",
    "value": "vip", "for": {"amount": 30, "unit": "days"}}. What was never changed has always been."""
    period = read_period(raw.get("for"), scope, f"{path}.for")
    if period is not None and period.amount < 1:
        scope.fault(f"{path}.for.amount", "must be at least 1")
    if scope.faults:
        return NEVER
    inner = {name: value for name, value in raw.items() if name not in ("has_been", "for")}
    holds = read({"field": raw["has_been"], **inner}, scope, path)
    unchanged = {"changed": raw["has_been"], "operator": "not_changed", "in_past": raw["for"]}
    return NEVER if scope.faults else Group("all", (holds, changed(unchanged, scope, path, read)))


def _asks_last(raw: dict[str, Any], scope: Scope, path: str) -> bool:
    if "last_is" not in raw:
        return False
    if not isinstance(raw["last_is"], dict):
        scope.fault(f"{path}.last_is", "expected an object with was, to, by or reason")
        return False
    scope.expect_keys(raw["last_is"], f"{path}.last_is", (*ENDS, "by", "reason"))
    return True


def _read_change(raw: dict[str, Any], spec: FieldSpec, scope: Scope, path: str) -> tuple[Constraint, ...]:
    """From what to what the field was changed, by how much, and why."""
    number = AttributeSpec(spec.key, "decimal" if spec.type == "decimal" else "integer")
    found = [
        _read_end(raw[name], ((*STEP, end), (*EVENT, end)), spec, scope, f"{path}.{name}")
        for name, end in ENDS.items()
        if name in raw
    ]
    if "by" in raw and spec.type not in NUMBERS:
        scope.fault(f"{path}.by", f"'{spec.key}' is no number, so it is changed by none")
    elif "by" in raw:
        found.append(_read_end(raw["by"], (STEP, EVENT), number, scope, f"{path}.by", Difference))
    if "reason" in raw:
        why = ((*STEP, "reason"), (*EVENT, "reason"))
        found.append(_read_end(raw["reason"], why, AttributeSpec("reason", "string"), scope, f"{path}.reason"))
    return tuple(one for one in found if one is not None)


def _read_end(
    raw: Any,
    places: tuple[tuple[str, ...], ...],
    target: AttributeSpec | FieldSpec,
    scope: Scope,
    path: str,
    kind: type[Constraint] = Constraint,
) -> Constraint | None:
    """An operator with its value, or only a value that must be there; null for none."""
    if isinstance(raw, dict):
        scope.expect_keys(raw, path, ("operator", "value", *SWITCHES))
        return constrain(raw, places, target, scope, path, kind)
    said = {"operator": "is_empty"} if raw is None else equality(raw, target.type)
    return constrain(said, places, target, scope, path, kind)


def _read_sources(raw: dict[str, Any], scope: Scope, path: str) -> tuple[str, ...]:
    """Where changes come from, as documents name it."""
    wanted = raw.get("source", [])
    items = wanted if isinstance(wanted, list) else [wanted]
    for item in items:
        if item not in SOURCES:
            scope.fault(f"{path}.source", f"expected one of {', '.join(SOURCES)}, got {show(item)}")
    return tuple(item for item in items if isinstance(item, str))
