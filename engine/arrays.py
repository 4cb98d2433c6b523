"""Columns for unnest() as PostgreSQL's array literals.

psycopg writes a list by asking three regular expressions about each element; of JSON, with its quotation marks, that
takes longer than deciding what to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def columns(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Rows as one array literal per column; the statement says of which type. No rows have no columns."""
    return [column(values) for values in zip(*rows, strict=True)]


def column(values: Iterable[Any]) -> str:
    """An array of texts, or of what str() writes as PostgreSQL reads it (numbers, days, times); None is null."""
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    text = value if isinstance(value, str) else str(value)
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if '"' in text:
        text = text.replace('"', '\\"')
    return f'"{text}"'
