"""A campaign document in words. Takes any JSON: a draft with faults is described as far as it can be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from campaigns.language.schema import TenantSchema
from campaigns.triggers import TRIGGERS

GROUPS = {"all": "all of", "any": "any of", "none": "none of", "exactly_one": "exactly one of"}
WORDS = {None: "nothing", True: "yes", False: "no"}
#: What a condition is about, where that is no field.
SUBJECTS = {"event": "the event's", "attribute": "the event's", "run": "the run's"}


def trigger_text(trigger: dict[str, Any], schema: TenantSchema) -> str:
    """One trigger."""
    spec = TRIGGERS.get(trigger["type"]) if isinstance(trigger.get("type"), str) else None
    event = schema.event_types.get(trigger["event"]) if isinstance(trigger.get("event"), str) else None
    begin = f"{event.label} happens" if event else (spec.label if spec else show(trigger.get("type")))
    told = {key: value for key, value in trigger.items() if key not in ("id", "type", "where")}
    if event:
        told.pop("event")
    where = [condition_text(item, schema) for item in objects(trigger.get("where"))]
    details = [f"{spaced(key)} {value_text(value, schema)}" for key, value in told.items()]
    return " ".join(filter(None, [begin, bracket(details), _where(where)]))


def _where(conditions: list[str]) -> str:
    return f"where {' and '.join(conditions)}" if conditions else ""


def condition_text(condition: Any, schema: TenantSchema) -> str:
    """A filter tree, or one leaf of it."""
    if not isinstance(condition, dict):
        return show(condition)
    if isinstance(condition.get("filters"), list):
        numbered = enumerate(condition["filters"], 1)
        parts = [f"{place}: {condition_text(item, schema)}" for place, item in numbered]
        return f"{show(condition.get('logic'))} ({'; '.join(parts)})"
    for group, items in condition.items():
        words = _group_words(group, items, condition)
        if words:
            inner = [condition_text(item, schema) for item in items]
            return inner[0] if len(inner) == 1 and group in ("all", "any") else f"{words} ({'; '.join(inner)})"
    about = next(iter(condition), "")
    operator = spaced(show(condition.get("operator", "")))
    value = show(condition["value"]) if "value" in condition else ""
    rest = [f"{spaced(key)} {show(item)}" for key, item in condition.items() if key not in (about, "operator", "value")]
    return " ".join(filter(None, [_subject(condition, schema), operator, value, bracket(rest)]))


def _group_words(group: str, items: Any, condition: dict[str, Any]) -> str:
    if not isinstance(items, list):
        return ""
    return f"at least {show(condition.get('count'))} of" if group == "at_least" else GROUPS.get(group, "")


def _subject(condition: dict[str, Any], schema: TenantSchema) -> str:
    about, what = next(iter(condition.items()), ("", ""))
    for name, words in SUBJECTS.items():
        if name in condition:
            return f"{words} {show(condition[name])}"
    return field_label(condition["field"], schema) if "field" in condition else f"{spaced(about)} {show(what)}"


def value_text(value: Any, schema: TenantSchema) -> str:
    """A value of which only its shape says what it is: a filter, a field's key, anything else."""
    if isinstance(value, dict) and (
        "operator" in value or "filters" in value or any(_group_words(*item, value) for item in value.items())
    ):
        return condition_text(value, schema)
    return field_label(value, schema)


def bracket(parts: Iterable[str]) -> str:
    """Several things said of what stands before them."""
    text = ", ".join(parts)
    return f"({text})" if text else ""


def spaced(name: str) -> str:
    """A name of documents as words."""
    return name.replace("_", " ")


def field_label(value: Any, schema: TenantSchema) -> str:
    """The label of a field where a value is a field's key, else the value itself."""
    spec = schema.fields.get(value) if isinstance(value, str) else None
    return spec.label if spec else show(value)


def show(value: Any) -> str:
    """A value in a sentence."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(show, value)) or "nothing"
    if isinstance(value, dict):
        return _period(value) or bracket(f"{spaced(key)} {show(item)}" for key, item in value.items()) or "nothing"
    return WORDS.get(value, "") if value is None or isinstance(value, bool) else json.dumps(value)


def _period(value: dict[str, Any]) -> str:
    if set(value) != {"amount", "unit"} or not isinstance(value["unit"], str):
        return ""
    return f"{show(value['amount'])} {value['unit'].removesuffix('s') if value['amount'] == 1 else value['unit']}"


def items(value: Any) -> list[Any]:
    """A list, if it is one."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list, if it is one."""
    return [item for item in items(value) if isinstance(item, dict)]
