"""Campaign documents as people read them: keys in the order of thought, short things on one line."""

from __future__ import annotations

import json
from typing import Any

ORDER = (
    *("triggers", "filter", "steps"),
    *("id", "type", "action", "event", "field", "attribute", "operator", "when", "where", "from", "to"),
    *("value", "params", "choices", "default", "all", "any", "none"),
)
RANK = {key: place for place, key in enumerate(ORDER)}
LINE = 90  #: characters that still read well on one line


def pretty(value: Any, indent: int = 0) -> str:
    """JSON in a layout for reading. PostgreSQL keeps no order of keys, so it is given here."""
    flat = json.dumps(in_order(value), ensure_ascii=False)
    if len(flat) + indent <= LINE or not isinstance(value, dict | list) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, list):
        inner = [pad + pretty(item, indent + 2) for item in value]
        return "[\n" + ",\n".join(inner) + "\n" + " " * indent + "]"
    inner = [
        f"{pad}{json.dumps(key, ensure_ascii=False)}: {pretty(item, indent + 2)}"
        for key, item in sorted(value.items(), key=_rank)
    ]
    return "{\n" + ",\n".join(inner) + "\n" + " " * indent + "}"


def in_order(value: Any) -> Any:
    """The same value with its keys in order."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in sorted(value.items(), key=_rank)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


def _rank(item: tuple[str, Any]) -> tuple[int, str]:
    return RANK.get(item[0], len(RANK)), item[0]
