"""Values as activities hold them, read alike in memory and in the database: what does not fit its type is no value.

They came as JSON from outside or from a step, so a number may stand as text. None is checked against options: what
was chosen then may be none of them any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from campaigns.language.sqltext import Sql, sql

_BLANK = "".join(sign for sign in map(chr, range(1, 0x3001)) if sign.isspace())
_INTEGER = r"^[+-]?[0-9]{1,18}(\.0{1,10})?$"
_DECIMAL = r"^[+-]?[0-9]{1,18}(\.[0-9]{1,10})?$"
_DAY = r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_DATE = f"^{_DAY}$"
_OFFSET = r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
_DATETIME = rf"^{_DAY}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{{1,6}})?)?{_OFFSET}$"


class Stored(msgspec.Struct, frozen=True):
    """How values of one type are read."""

    read: Callable[[Any], Any]  #: what is no value of the type is None
    sql: Callable[[Sql], Sql]  #: of a jsonb


def text_of(value: Any) -> str | None:
    """A single value as the database writes it out of JSON; None for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value) if isinstance(value, str | int | Decimal) else None


def _matched(pattern: str, make: Callable[[str], Any]) -> Callable[[Any], Any]:
    compiled = re.compile(pattern, re.ASCII)

    def read(value: Any) -> Any:
        text = text_of(value)
        if text is None or not compiled.match(text) or text.endswith("\n"):
            return None
        try:
            return make(text)
        except ValueError:  # no day of the calendar
            return None

    return read


def _text(value: Any) -> str | None:
    value = text_of(value) if isinstance(value, Decimal) else value
    return value if isinstance(value, str) and value.strip(_BLANK) else None


def _set(value: Any) -> frozenset[str] | None:
    items = value if isinstance(value, list | tuple | set | frozenset) else ()
    return frozenset(items) if items and all(isinstance(item, str) for item in items) else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _sql_matched(pattern: str, kind: str) -> Callable[[Sql], Sql]:
    """A value whose text matches; days that no calendar has are none."""
    return lambda value: sql(
        "CASE WHEN {} #>> '{}' ~ {} AND pg_input_is_valid({} #>> '{}', {}) THEN ({} #>> '{}')::{} END",
        value, Sql("{}"), pattern, value, Sql("{}"), kind, value, Sql("{}"), Sql(kind),
    )  # fmt: skip


def _sql_text(value: Sql) -> Sql:
    return sql(
        "CASE WHEN jsonb_typeof({}) = 'string' AND btrim({} #>> '{}', {}) <> '' THEN {} #>> '{}' END",
        value, value, Sql("{}"), _BLANK, value, Sql("{}"),
    )  # fmt: skip


def _sql_set(value: Sql) -> Sql:
    return sql(
        """CASE WHEN jsonb_typeof({}) = 'array' AND {} <> '[]' AND NOT {} @? '$[*] ? (@.type() != "string")'
        THEN ARRAY(SELECT jsonb_array_elements_text({})) END""",
        value, value, value, value,
    )  # fmt: skip


_WORDS = Stored(_text, _sql_text)

TYPES: dict[str, Stored] = {
    "string": _WORDS,
    "text": _WORDS,
    "picklist": _WORDS,
    "integer": Stored(_matched(_INTEGER, lambda text: int(Decimal(text))), _sql_matched(_INTEGER, "numeric")),
    "decimal": Stored(_matched(_DECIMAL, Decimal), _sql_matched(_DECIMAL, "numeric")),
    "boolean": Stored(
        _matched("^(true|false)$", lambda text: text == "true"), _sql_matched("^(true|false)$", "boolean")
    ),
    "date": Stored(_matched(_DATE, date.fromisoformat), _sql_matched(_DATE, "date")),
    "datetime": Stored(_matched(_DATETIME, _instant), _sql_matched(_DATETIME, "timestamptz")),
    "multi_select": Stored(_set, _sql_set),
}
