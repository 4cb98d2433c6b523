"""Tables to look things up in, such as the country of a sales region."""

from __future__ import annotations

from functools import cached_property

import msgspec

from campaigns.language.definition import definition
from campaigns.language.faults import Fault

ROWS_LIMIT, COLUMNS_LIMIT = 5_000, 50


def _check(table: Table) -> list[Fault]:
    faults = []
    if len(table.rows) > ROWS_LIMIT:
        faults.append(Fault("rows", f"has {len(table.rows):,} rows, at most {ROWS_LIMIT:,} are allowed"))
    if not 1 <= len(table.columns) <= COLUMNS_LIMIT:
        faults.append(Fault("columns", f"expected 1 to {COLUMNS_LIMIT} columns"))
    wrong = sorted(key for key, row in table.rows.items() if len(row) != len(table.columns))[:5]
    faults += [Fault(f"rows.{key}", f"expected {len(table.columns)} values") for key in wrong]
    folded = [table.fold(key) for key in table.rows]
    if len(set(folded)) < len(folded):
        faults.append(Fault("rows", "two keys differ only in case or spaces around them"))
    return faults


@definition("table", label="Lookup table", check=_check)
class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Names of columns; rows of values, one for each column, by key."""

    columns: tuple[str, ...]
    rows: dict[str, tuple[str | int | float | bool | None, ...]]

    @staticmethod
    def fold(key: str) -> str:
        """Keys are the same whatever their case and the spaces around them."""
        return key.strip().casefold()

    @cached_property
    def folded(self) -> dict[str, tuple[str | int | float | bool | None, ...]]:
        """The rows by folded key."""
        return {self.fold(key): row for key, row in self.rows.items()}

    def find(self, key: str) -> dict[str, str | int | float | bool | None] | None:
        """The row of a key, by column."""
        row = self.folded.get(self.fold(key))
        return None if row is None else dict(zip(self.columns, row, strict=True))
