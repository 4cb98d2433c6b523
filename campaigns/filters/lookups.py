"""Whether a text is a key of a lookup table of the tenant."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.folding import fold
from campaigns.language.operator import Family, Moment, Nulls, Operand, operator
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.tokens import Target
from campaigns.language.values import show

Wanted = tuple[frozenset[str], ...]


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> frozenset[str] | None:
    known = scope.schema.defined("table")
    table = known.get(raw) if isinstance(raw, str) else None
    if table is None:
        scope.fault(path, f"unknown lookup table {show(raw)}{scope.hint(raw, known)}")
        return None
    return frozenset(fold(key.strip()) for key in table.spec.rows)


LOOKUP = Family(
    literal=_literal,
    value=lambda options: fold,
    sql_value=lambda options: lambda value: sql("campaigns_fold({})", value),
)


def _among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::text[])", value, sorted(wanted[0]))


@operator("in_table", "string", operand=Operand.ONE, family=LOOKUP, sql=_among)
def in_table(value: str, wanted: Wanted, context: Context) -> bool:
    """A key of the lookup table, in whatever case."""
    return value in wanted[0]


def _not_among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} <> ALL({}::text[])", value, sorted(wanted[0]))


@operator("not_in_table", "string", operand=Operand.ONE, nulls=Nulls.NEGATIVE, family=LOOKUP, sql=_not_among)
def not_in_table(value: str, wanted: Wanted, context: Context) -> bool:
    """No key of the lookup table."""
    return value not in wanted[0]
