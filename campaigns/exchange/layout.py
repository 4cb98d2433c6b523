"""Documents as people read them: keys in the order of thought, short things on one line."""

from __future__ import annotations

import json
from typing import Any

ORDER = (
    *("format", "tenant", "key", "name", "position", "priority", "document", "requires"),
    *("tags", "after", "triggers", "schedule", "filter", "entry", "qualification", "exits", "goals", "limits"),
    *("id", "type", "label", "action", "event", "field", "attribute", "operator", "when", "where", "from", "to"),
    *("value", "params", "choices", "cases", "default", "steps", "all", "any", "none"),
)
LINE = 90  #: characters that still read well on one line
RANK = {key: place for place, key in enumerate(ORDER)}


def in_order(value: Any) -> Any:
    """The same value with its keys in order. PostgreSQL keeps none, so it is given here."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in sorted(value.items(), key=rank)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


def rank(item: tuple[str, Any]) -> tuple[int, str]:
    """The place of a key, for sorting."""
    return RANK.get(item[0], len(RANK)), item[0]


def pretty(value: Any, indent: int = 0) -> str:
    """JSON in a layout for reading. Keys are in the order of thought."""
    flat = json.dumps(in_order(value), ensure_ascii=False)
    if len(flat) + indent <= LINE or not isinstance(value, dict | list) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, list):
        inner = [pad + pretty(item, indent + 2) for item in value]
        return "[\n" + ",\n".join(inner) + "\n" + " " * indent + "]"
    inner = [
        f"{pad}{json.dumps(key, ensure_ascii=False)}: {pretty(item, indent + 2)}"
        for key, item in sorted(value.items(), key=rank)
    ]
    return "{\n" + ",\n".join(inner) + "\n" + " " * indent + "}"
