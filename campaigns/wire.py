"""JSON from outside: exact numbers, one meaning or none. What two readers could read differently is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

NUMBER_LENGTH = 400  #: characters of a number with a point or an exponent
EXPONENT_LIMIT = 308  #: as far as a double goes; 1e999 is infinite to most readers


class Malformed(msgspec.Struct, frozen=True):
    """Stands for an event that could not be read."""

    reason: str


def decode(raw: bytes) -> Any:
    """The value of a JSON text, numbers as int and Decimal. Raises ValueError that says what is wrong."""
    try:
        value = _decoder.decode(raw)
        repeated = _repeated_name(raw, value)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"it is no valid JSON: {error}") from None
    if repeated is not None:
        raise ValueError(f"an object has the name {repeated[:64]!r} twice")
    return value


def decode_line(raw: bytes) -> Any:
    """The same, with Malformed in place of a text that cannot be read."""
    try:
        return decode(raw)
    except ValueError as error:
        return Malformed(str(error))


def _number(text: str) -> Decimal:
    if len(text) > NUMBER_LENGTH:
        raise ValueError(f"a number has more than {NUMBER_LENGTH} characters")
    value = Decimal(text) if len(text.lower().partition("e")[2]) < 6 else Decimal("1e9999")
    if not -EXPONENT_LIMIT <= value.adjusted() <= EXPONENT_LIMIT:
        raise ValueError("a number is out of range")
    return value


_decoder = msgspec.json.Decoder(float_hook=_number)
_encoder = msgspec.json.Encoder(decimal_format="number")


def _repeated_name(raw: bytes, value: Any) -> str | None:
    """A name that one object has twice: the decoder keeps the last of them.

    A value that lost a name has fewer quotation marks than its text. The slow look is needed only then, or where
    a backslash may hide some.
    """
    if b"\\" not in raw and raw.count(b'"') == _encoder.encode(value).count(b'"'):
        return None
    try:
        json.loads(raw, object_pairs_hook=_refuse_repeated)
    except _RepeatedNameError as found:
        return found.name
    return None


class _RepeatedNameError(Exception):
    def __init__(self, name: str) -> None:
        self.name = name


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise _RepeatedNameError(name)
        seen.add(name)
