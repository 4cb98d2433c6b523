"""The order in which people read what a campaign's document has."""

from __future__ import annotations

from typing import Any

ORDER = (
    *("format", "tenant", "key", "name", "position", "document", "requires"),
    *("tags", "after", "triggers", "schedule", "filter", "entry", "qualification", "exits", "goals", "limits"),
    *("id", "type", "label", "action", "event", "field", "attribute", "operator", "when", "where", "from", "to"),
    *("value", "params", "choices", "cases", "default", "steps", "all", "any", "none"),
)
RANK = {key: place for place, key in enumerate(ORDER)}


def in_order(value: Any) -> Any:
    """The same value with its keys in order. PostgreSQL keeps none, so it is given here."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in sorted(value.items(), key=rank)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


def rank(item: tuple[str, Any]) -> tuple[int, str]:
    """The place of a key, for sorting."""
    return RANK.get(item[0], len(RANK)), item[0]
