"""Whether a JSON object has something at a place within it."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.jsonplaces import Path, read_path, value_within
from campaigns.language.operator import Family, Moment, Nulls, Operand, operator
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, joined, sql
from campaigns.language.tokens import Target


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> Path | None:
    return read_path(raw, scope, path)


PATHS = Family(literal=_literal)


def _has(value: Any, names: Path) -> bool:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value is not None


def _sql_has(value: Sql, names: Path) -> Sql:
    return sql("coalesce(jsonb_typeof({}) <> 'null', FALSE)", value_within(value, names))


def _some(value: Sql, wanted: tuple[Path, ...], moment: Moment) -> Sql:
    """Null where the object is, as every operator's SQL is."""
    found = joined("OR", [_sql_has(value, names) for names in wanted])
    return sql("CASE WHEN {} IS NOT NULL THEN {} END", value, found)


def _not_one(value: Sql, wanted: tuple[Path, ...], moment: Moment) -> Sql:
    return sql("NOT {}", _some(value, wanted, moment))


@operator("path_exists", "json", operand=Operand.SOME, family=PATHS, sql=_some)
def path_exists(value: Any, wanted: tuple[Path, ...], context: Context) -> bool:
    """Has something at one of these places, such as `plan.name`; JSON's null is nothing."""
    return any(_has(value, names) for names in wanted)


@operator("path_missing", "json", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=PATHS, sql=_not_one)
def path_missing(value: Any, wanted: tuple[Path, ...], context: Context) -> bool:
    """Has nothing at any of these places."""
    return not any(_has(value, names) for names in wanted)
