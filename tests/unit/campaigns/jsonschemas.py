"""As much of JSON Schema as ours use, read anew: what a client's own validator would say."""

from __future__ import annotations

import re
from typing import Any

TYPES = {"object": dict, "array": list, "string": str, "number": int | float, "integer": int, "null": type(None)}

BOUNDS = {
    "minLength": (str, len, 1), "maxLength": (str, len, -1), "minItems": (list, len, 1), "maxItems": (list, len, -1),
    "minProperties": (dict, len, 1), "maxProperties": (dict, len, -1),
    "minimum": (int, int, 1), "maximum": (int, int, -1),
}  # fmt: skip
IGNORED = {
    "$schema",
    "title",
    "description",
    "default",
    "examples",
    "format",
    "items",
    "properties",
    "additionalProperties",
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a JSON value keeps to a schema."""
    return all(_holds(word, told, value) for word, told in schema.items()) and _within(value, schema)


def _holds(word: str, told: Any, value: Any) -> bool:
    if word in BOUNDS:
        type, measure, sign = BOUNDS[word]
        return not isinstance(value, type) or sign * measure(value) >= sign * told
    match word:
        case "type":
            return any(_is(value, name) for name in ([told] if isinstance(told, str) else told))
        case "uniqueItems":
            return not told or len({str(item) for item in value}) == len(value)
        case "enum":
            return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in told)
        case "anyOf":
            return any(fits(value, one) for one in told)
        case "oneOf":
            return sum(fits(value, one) for one in told) == 1
        case "pattern":
            return not isinstance(value, str) or re.search(told, value) is not None
        case "required":
            return set(told) <= set(value)
    assert word in IGNORED, f"{word} is not known here"
    return True


def _is(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and not isinstance(value, bool)


def _within(value: Any, schema: dict[str, Any]) -> bool:
    """What a list or an object holds."""
    if isinstance(value, list) and "items" in schema:
        return all(fits(one, schema["items"]) for one in value)
    if not isinstance(value, dict):
        return True
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    return all(
        fits(one, known[name]) if name in known else others is not False and fits(one, others)
        for name, one in value.items()
    )
