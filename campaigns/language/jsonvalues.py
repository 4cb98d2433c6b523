"""JSON objects as values of fields: bounded, exact, told apart as JSON tells them apart."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

from campaigns.language.jsonshape import check_shape

SIZE_LIMIT = 30_000  #: bytes
DEPTH_LIMIT = 20  #: levels
DIGITS_LIMIT = 15  #: of a number with a point: these survive the way through a float

_encode = msgspec.json.Encoder(order="deterministic").encode
_write = msgspec.json.Encoder(decimal_format="number", order="deterministic", enc_hook=lambda value: None).encode


class JsonObject(dict[str, Any]):
    """A JSON object. Unlike a dict's, its true is not 1."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and _encode(self) == _encode(other)

    __hash__ = None  # type: ignore[assignment]


def cast_json(raw: Any) -> JsonObject | None:
    """A JSON object within the limits; an empty one is null. Raises ValueError."""
    if not isinstance(raw, dict):
        raise ValueError("expected a JSON object")
    faults = check_shape(raw, depth=DEPTH_LIMIT, size=SIZE_LIMIT)
    if faults:
        raise ValueError(f"{faults[0].path}: {faults[0].message}" if faults[0].path else faults[0].message)
    value = JsonObject(_plain(raw))
    if len(_encode(value)) > SIZE_LIMIT:
        raise ValueError(f"is larger than {SIZE_LIMIT // 1000} kB")
    return value or None


def _plain(raw: Any) -> Any:
    """A copy without Decimals."""
    if isinstance(raw, dict):
        return {key: _plain(item) for key, item in raw.items()}
    if isinstance(raw, list | tuple):
        return [_plain(item) for item in raw]
    return _number(raw) if isinstance(raw, Decimal) else raw


def _number(raw: Decimal) -> int | float:
    if raw == raw.to_integral_value() and abs(raw) < 2**63:
        return int(raw)
    if len(raw.normalize().as_tuple().digits) > DIGITS_LIMIT:
        raise ValueError(f"has a number of more than {DIGITS_LIMIT} digits; write it as text to keep it exact")
    return float(raw)


def read_json(text: str) -> JsonObject | None:
    """The object of a text, null for an empty one. Raises ValueError that says where it goes wrong."""
    if len(text) > SIZE_LIMIT:
        raise ValueError(f"is larger than {SIZE_LIMIT // 1000} kB")
    try:
        raw = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg}, line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError(f"is nested more than {DEPTH_LIMIT} levels deep") from None
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from None
    return cast_json(raw)


def write_json(value: Any) -> str:
    """A value as JSON, for templates: text in quotes, null for what is not there."""
    return _write(value).decode()


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def merged(old: dict[str, Any], new: dict[str, Any], *, deep: bool) -> dict[str, Any]:
    """The old object with the names of the new one in it; null takes a name away. Deep: objects within are merged
    likewise, not replaced."""
    kept = {name: value for name, value in old.items() if name not in new}
    for name, value in new.items():
        if deep and isinstance(value, dict):
            before = old.get(name)
            kept[name] = merged(before if isinstance(before, dict) else {}, value, deep=True)
        elif value is not None:
            kept[name] = value
    return kept
