"""The types of values: how each is read from JSON, kept in Python and written back. Null is absent everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from campaigns.language.jsonvalues import cast_json
from campaigns.language.money import cast_currency
from campaigns.language.places import cast_geo
from campaigns.language.storable import INTEGER_LIMIT, check_text

STRING_LIMIT = 255  #: characters
TEXT_LIMIT = 30_000  #: characters
DECIMAL_LIMIT = Decimal(10) ** 18  #: with PLACES_LIMIT, sums and differences stay exact in 28 digits
PLACES_LIMIT = 10
ITEMS_LIMIT = 200

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_EXACT = re.compile(rf"-?[0-9]{{1,18}}(\.[0-9]{{1,{PLACES_LIMIT}}})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,18}(Z|[+-][0-9:]{4,8})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


class ValueType(msgspec.Struct, frozen=True):
    """One type of value."""

    name: str
    label: str
    cast: Callable[[Any], Any]  #: JSON or Python value to the Python value; ValueError says what is wrong
    dump: Callable[[Any], Any]  #: the Python value to its one JSON form


def show(raw: Any) -> str:
    """A value as a fault message names it: short, and safe whatever it is."""
    if isinstance(raw, str):
        return repr(raw if len(raw) <= 40 else raw[:40] + "…")
    if isinstance(raw, dict):
        return "an object"
    if isinstance(raw, list | tuple | set | frozenset):
        return "a list"
    if raw is None or isinstance(raw, bool):
        return {None: "null", True: "true", False: "false"}[raw]
    if isinstance(raw, int) and raw.bit_length() > 128:
        return "a very large number"
    return str(raw)[:60]


def _text(raw: Any, limit: int) -> str | None:
    if not isinstance(raw, str):
        raise ValueError(f"expected text, got {show(raw)}")
    if len(raw) > limit:
        raise ValueError(f"is {len(raw)} characters long, at most {limit} are allowed")
    check_text(raw)
    return raw if raw and not raw.isspace() else None


def cast_string(raw: Any) -> str | None:
    """Text of at most 255 characters; blank text is null."""
    return _text(raw, STRING_LIMIT)


def cast_text(raw: Any) -> str | None:
    """Text of at most 30,000 characters; blank text is null."""
    return _text(raw, TEXT_LIMIT)


def cast_integer(raw: Any) -> int:
    """A whole number of 64 bits: a number, or text that is one."""
    kind = type(raw)
    if kind is int:
        value = raw
    elif kind is str and _INTEGER.fullmatch(raw):
        value = int(raw)
    elif kind is Decimal or kind is float:
        value = _whole(raw)
    else:
        raise ValueError(f"expected a whole number, got {show(raw)}")
    if not -INTEGER_LIMIT <= value <= INTEGER_LIMIT:
        raise ValueError("is out of range: whole numbers have 64 bits")
    return value


def _whole(raw: Decimal | float) -> int:
    value = raw if isinstance(raw, Decimal) else _from_float(raw)
    if not value.is_finite():
        raise ValueError(f"expected a whole number, got {value}")
    if abs(value) > INTEGER_LIMIT:  # before int(), which would write out every digit of 1E+999999
        return INTEGER_LIMIT + 1
    if value != value.to_integral_value():
        raise ValueError(f"expected a whole number, got {show(raw)}")
    return int(value)


def cast_decimal(raw: Any) -> Decimal:
    """An exact decimal: below 10^18, at most 10 places. A float is taken only where its text is exact."""
    kind = type(raw)
    if kind is Decimal:
        return _exact(raw)
    if kind is int and raw.bit_length() < 64:
        return _exact(Decimal(raw))
    if kind is str and _DECIMAL.fullmatch(raw):
        return _exact(Decimal(raw))
    if kind is float:
        return _exact(_from_float(raw))
    raise ValueError(f"expected a number, got {show(raw)}")


def _from_float(raw: float) -> Decimal:
    """Decimals of up to 15 digits survive the way through a float unharmed; longer ones do not."""
    value = Decimal(repr(raw))
    if value.is_finite() and len(value.as_tuple().digits) > 15:
        raise ValueError(f"is a float of more than 15 digits ({raw!r}); send it as text to keep it exact")
    return value


def _exact(value: Decimal) -> Decimal:
    text = str(value)
    if not _EXACT.fullmatch(text):
        value = _shorten(value)
    return value if value else value.copy_abs()


def _shorten(value: Decimal) -> Decimal:
    """The same number without an exponent and with no more places than are kept, if there is such a one."""
    if not value.is_finite():
        raise ValueError(f"expected a number, got {value}")
    if not -DECIMAL_LIMIT < value < DECIMAL_LIMIT:
        raise ValueError("is out of range: numbers are below 10^18")
    short = value.normalize()
    places = -short.as_tuple().exponent  # type: ignore[operator]
    if places > PLACES_LIMIT:
        raise ValueError(f"has more than {PLACES_LIMIT} decimal places")
    return short.quantize(Decimal(1).scaleb(-max(places, 0)))


def cast_boolean(raw: Any) -> bool:
    """True or false, or the words."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw in _BOOLEANS:
        return _BOOLEANS[raw]
    raise ValueError(f"expected true or false, got {show(raw)}")


def cast_date(raw: Any) -> date:
    """A calendar day, as YYYY-MM-DD."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if isinstance(raw, str) and _DATE.fullmatch(raw):
        try:
            return date.fromisoformat(raw)
        except ValueError as error:
            raise ValueError(f"is no day of the calendar: {error}") from None
    raise ValueError(f"expected a date like 2026-01-31, got {show(raw)}")


def cast_datetime(raw: Any) -> datetime:
    """An instant in ISO 8601 with its offset, kept in UTC."""
    if isinstance(raw, datetime):
        value = raw
    elif isinstance(raw, str) and _DATETIME.fullmatch(raw):
        value = _parse_instant(raw)
    else:
        raise ValueError(f"expected a time like 2026-01-31T12:00:00Z, got {show(raw)}")
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("needs an offset, like 2026-01-31T12:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None


def _parse_instant(raw: str) -> datetime:
    try:
        return datetime.fromisoformat(raw)
    except ValueError as error:
        raise ValueError(f"is no time: {error}") from None


def cast_multi_select(raw: Any) -> frozenset[str] | None:
    """A set of short texts; the empty set is null."""
    if not isinstance(raw, list | tuple | set | frozenset):
        raise ValueError(f"expected a list of texts, got {show(raw)}")
    if len(raw) > ITEMS_LIMIT:
        raise ValueError(f"has {len(raw)} items, at most {ITEMS_LIMIT} are allowed")
    items = frozenset(cast_string(item) for item in raw) - {None}
    return items or None  # type: ignore[return-value]


def _same(value: Any) -> Any:
    return value


def dump_decimal(value: Decimal) -> str:
    """Digits and a point, never an exponent."""
    text = str(value)
    return format(value, "f") if "E" in text else text


def dump_datetime(value: datetime) -> str:
    """ISO 8601 in UTC, ending in Z."""
    return value.isoformat().replace("+00:00", "Z")


TYPES: dict[str, ValueType] = {
    kind.name: kind
    for kind in (
        ValueType("string", "text, one line", cast_string, _same),
        ValueType("text", "text, long", cast_text, _same),
        ValueType("integer", "whole number", cast_integer, _same),
        ValueType("decimal", "decimal number", cast_decimal, dump_decimal),
        ValueType("boolean", "yes or no", cast_boolean, _same),
        ValueType("date", "date", cast_date, date.isoformat),
        ValueType("datetime", "date and time", cast_datetime, dump_datetime),
        ValueType("picklist", "one of a list", cast_string, _same),
        ValueType("multi_select", "several of a list", cast_multi_select, sorted),
        ValueType("json", "JSON object", cast_json, _same),
        ValueType("currency", "amount of money", cast_currency, _same),
        ValueType("geo", "place", cast_geo, _same),
    )
}


def day_of(instant: datetime, zone: tzinfo) -> date:
    """The calendar day of an instant in a zone."""
    try:
        return instant.astimezone(zone).date()
    except OverflowError:  # on the first day of year 1 or the last of 9999
        return instant.date()


def cast(type_name: str, raw: Any) -> Any:
    """The typed value of a JSON value, null for null. Raises ValueError that says what is wrong."""
    return None if raw is None else TYPES[type_name].cast(raw)


def dump(type_name: str, value: Any) -> Any:
    """The one JSON form of a typed value."""
    return None if value is None else TYPES[type_name].dump(value)


def caster(type_name: str, options: frozenset[str] | None) -> Callable[[Any], Any]:
    """The cast of one field or attribute, for values that are not null: a choice must be among the options."""
    kind = TYPES[type_name]
    if options is None or type_name not in ("picklist", "multi_select"):
        return kind.cast
    return _option_caster(kind, options)


def _option_caster(kind: ValueType, options: frozenset[str]) -> Callable[[Any], Any]:
    def read(raw: Any) -> Any:
        value = kind.cast(raw)
        chosen = value if isinstance(value, frozenset) else frozenset((value,)) - {None}
        for item in sorted((chosen or frozenset()) - options):
            raise ValueError(f"{show(item)} is not among the options")
        return value

    return read
