"""A campaign document in words. Takes any JSON: a draft with faults is described as far as it can be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from campaigns.actions import ACTIONS
from campaigns.language.action import ActionSpec
from campaigns.language.schema import TenantSchema
from campaigns.triggers import TRIGGERS

GROUPS = {"all": "all of", "any": "any of", "none": "none of"}


def in_words(document: Any, schema: TenantSchema) -> dict[str, list[str]]:
    """Sentences for the triggers, the filter and the steps."""
    if not isinstance(document, dict):
        return {"when": [], "only_if": [], "then": []}
    condition = document.get("filter")
    return {
        "when": [trigger_text(trigger, schema) for trigger in _objects(document.get("triggers"))],
        "only_if": [condition_text(condition, schema)] if isinstance(condition, dict) else [],
        "then": [step_text(step, schema) for step in _objects(document.get("steps"))],
    }


def trigger_text(trigger: dict[str, Any], schema: TenantSchema) -> str:
    """One trigger."""
    spec = TRIGGERS.get(trigger["type"]) if isinstance(trigger.get("type"), str) else None
    event = schema.event_types.get(trigger["event"]) if isinstance(trigger.get("event"), str) else None
    begin = f"{event.label} happens" if event else (spec.label if spec else show(trigger.get("type")))
    told = {key: value for key, value in trigger.items() if key not in ("id", "type", "where")}
    if event:
        told.pop("event")
    where = [condition_text(item, schema) for item in _objects(trigger.get("where"))]
    details = [f"{key} {field_label(value, schema)}" for key, value in told.items()]
    return " ".join(filter(None, [begin, _bracket(details), _where(where)]))


def _where(conditions: list[str]) -> str:
    return f"where {' and '.join(conditions)}" if conditions else ""


def condition_text(condition: Any, schema: TenantSchema) -> str:
    """A filter tree, or one leaf of it."""
    if not isinstance(condition, dict):
        return show(condition)
    for group, words in GROUPS.items():
        if group in condition:
            inner = [condition_text(item, schema) for item in _items(condition[group])]
            return inner[0] if len(inner) == 1 and group != "none" else f"{words} ({'; '.join(inner)})"
    operator = show(condition.get("operator")).replace("_", " ")
    value = show(condition["value"]) if "value" in condition else ""
    return " ".join(filter(None, [_subject(condition, schema), operator, value]))


def _subject(condition: dict[str, Any], schema: TenantSchema) -> str:
    if "field" in condition:
        return field_label(condition["field"], schema)
    return f"the event's {show(condition.get('event', condition.get('attribute')))}"


def step_text(step: dict[str, Any], schema: TenantSchema) -> str:
    """One step, with its choices."""
    spec = ACTIONS.get(step["action"]) if isinstance(step.get("action"), str) else None
    begin = spec.label if spec else show(step.get("action"))
    if "choices" not in step:
        return f"{begin} {params_text(step.get('params'), spec, schema)}".strip()
    parts = [
        f"{params_text(choice.get('params'), spec, schema)} if {condition_text(choice.get('when'), schema)}"
        for choice in _objects(step["choices"])
    ]
    if step.get("default") is not None:
        parts.append(f"{params_text(step['default'], spec, schema)} otherwise")
    return f"{begin} {'; '.join(parts)}"


def params_text(params: Any, spec: ActionSpec | None, schema: TenantSchema) -> str:
    """The parameters of a step, in the order in which the action declares them."""
    if not isinstance(params, dict):
        return ""
    order = [parameter.name for parameter in spec.parameters] if spec else []
    names = sorted(params, key=lambda name: order.index(name) if name in order else len(order))
    return _bracket(f"{name} {field_label(params[name], schema)}" for name in names)


def _bracket(parts: Iterable[str]) -> str:
    text = ", ".join(parts)
    return f"({text})" if text else ""


def field_label(value: Any, schema: TenantSchema) -> str:
    """The label of a field where a value is a field's key, else the value itself."""
    spec = schema.fields.get(value) if isinstance(value, str) else None
    return spec.label if spec else show(value)


def show(value: Any) -> str:
    """A value in a sentence."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(show, value))
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in _items(value) if isinstance(item, dict)]
