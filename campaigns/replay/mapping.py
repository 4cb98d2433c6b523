"""From a row to an event: which column is what, and which rows are meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.wire import Malformed

#: What an event is made of; data.<attribute> is one more.
TARGETS = ("lead", "type", "id", "occurred_at", "data")

_MODULO = re.compile(r"(?P<column>[^:]+):(?P<divisor>[0-9]{1,9}):(?P<first>[0-9]{1,9})(-(?P<last>[0-9]{1,9}))?")
_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}", re.ASCII)


def parse_map(text: str) -> dict[str, str]:
    """Target to column of `lead=customer_id,data.amount=amount`. Raises ValueError."""
    columns: dict[str, str] = {}
    for part in text.split(","):
        target, _, column = part.partition("=")
        target, column = target.strip(), column.strip()
        if not column:
            raise ValueError(f"{part!r}: say target=column, such as lead=customer_id")
        if target not in TARGETS and not (target.startswith("data.") and len(target) > 5):
            raise ValueError(f"{target!r} is no part of an event; use {', '.join(TARGETS)} or data.<attribute>")
        if target in columns:
            raise ValueError(f"{target!r} is mapped twice")
        columns[target] = column
    return columns


@dataclass(frozen=True)
class Modulo:
    """Rows whose whole-number column, divided by a number, leaves a rest within a range."""

    column: str
    divisor: int
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Modulo:
        """Of `customer_id:100:0-79`. Raises ValueError."""
        found = _MODULO.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r}: say column:divisor:first-last, such as customer_id:100:0-79")
        first = int(found["first"])
        last = int(found["last"]) if found["last"] else first
        if not first <= last < int(found["divisor"]):
            raise ValueError(f"{text!r}: the rests must rise and be less than the divisor")
        return cls(found["column"], int(found["divisor"]), first, last)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Raises ValueError when the column holds no whole number."""
        value = cell(row, self.column)
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ValueError(f"{self.column}: expected a whole number") from None
        return self.first <= number % self.divisor <= self.last


@dataclass(frozen=True)
class RowToEvent:
    """How rows become events."""

    columns: Mapping[str, str]  #: target to column
    zone: ZoneInfo  #: of times that name no offset
    identity: str  #: begins the ids of rows that bring none; their number follows
    prefix: str = ""  #: begins the ids of rows that bring one
    type: str | None = None
    modulo: Sequence[Modulo] = ()
    where: Sequence[tuple[str, str]] = ()  #: column and the value it must have

    def is_meant(self, row: Mapping[str, Any]) -> bool:
        """Whether the row is to be sent. Raises ValueError when it cannot be told."""
        return all(_text(cell(row, column)) == value for column, value in self.where) and all(
            modulo.holds(row) for modulo in self.modulo
        )

    def event(self, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """The event of a row, in the form that campaigns.ingest takes."""
        columns = self.columns
        own = _text(cell(row, columns["id"])) if "id" in columns else None
        event: dict[str, Any] = {
            "id": f"{self.identity}{number}" if own in (None, "") else f"{self.prefix}{own}",
            "lead": _text(cell(row, columns["lead"])),
            "type": self.type or _text(cell(row, columns["type"])),
            "data": self._data(row),
        }
        if "occurred_at" in columns:
            event["occurred_at"] = instant(cell(row, columns["occurred_at"]), self.zone)
        return event

    def missing(self, names: Sequence[str]) -> list[str]:
        """The columns that are asked for and not among these."""
        asked = [*self.columns.values(), *(m.column for m in self.modulo), *(column for column, _ in self.where)]
        return [column for column in dict.fromkeys(asked) if column not in names]

    def _data(self, row: Mapping[str, Any]) -> Any:
        whole = cell(row, self.columns["data"]) if "data" in self.columns else {}
        parts = {
            target.removeprefix("data."): value
            for target, column in self.columns.items()
            if target.startswith("data.") and (value := cell(row, column)) not in (None, "")
        }
        return {**whole, **parts} if isinstance(whole, dict) else whole


def read(to_event: RowToEvent, number: int, row: Mapping[str, Any] | Malformed) -> dict[str, Any] | Malformed | None:
    """The event of a row, what is wrong with it, or None when it is not meant."""
    if isinstance(row, Malformed):
        return row
    try:
        return to_event.event(number, row) if to_event.is_meant(row) else None
    except ValueError as error:
        return Malformed(str(error))


def cell(row: Mapping[str, Any], column: str) -> Any:
    """A row's value; `a.b` also finds b in the object a."""
    if column in row:
        return row[column]
    value: Any = row
    for name in column.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> Any:
    """Keys and ids are text: a number in the file is its digits."""
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def instant(value: Any, zone: ZoneInfo) -> Any:
    """A time: without an offset it is the tenant's, a day begins at midnight there. What is none is left as it is."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        if _DAY.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), datetime.min.time(), zone)
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    return found if found.tzinfo else found.replace(tzinfo=zone)
