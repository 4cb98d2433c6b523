"""Operators of multi-select fields, tags and lists: set against set."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import Family, Moment, Nulls, Operand, SqlTest, operator
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.tokens import Target, is_token, typed_value

Wanted = tuple[Any, ...]


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> Any:
    """One option of the field, or a token for a whole set of them."""
    if is_token(raw):
        return typed_value(raw, target, scope, path)
    return typed_value(raw, AttributeSpec("", "picklist", options=target.options), scope, path)


def _flatten(wanted: Wanted) -> set[str]:
    return {item for part in wanted for item in ((part,) if isinstance(part, str) else part)}


def compared(template: str) -> SqlTest:
    """The test that compares with one set."""
    return lambda value, wanted, moment: sql(template, value, sorted(_flatten(wanted)))


def _exactly(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    items = sorted(_flatten(wanted))
    return sql("({} @> {}::text[] AND {} <@ {}::text[])", value, items, value, items)


SETS = Family(literal=_literal)


@operator("contains_any_of", "multi_select", operand=Operand.SOME, family=SETS, sql=compared("{} && {}::text[]"))
def contains_any_of(value: Set[str], wanted: Wanted, context: Context) -> bool:
    """Has at least one of the options."""
    return not value.isdisjoint(_flatten(wanted))


@operator("contains_all_of", "multi_select", operand=Operand.SOME, family=SETS, sql=compared("{} @> {}::text[]"))
def contains_all_of(value: Set[str], wanted: Wanted, context: Context) -> bool:
    """Has every one of the options."""
    return _flatten(wanted) <= value


@operator(
    "contains_none_of",
    "multi_select",
    operand=Operand.SOME,
    nulls=Nulls.NEGATIVE,
    family=SETS,
    sql=compared("NOT {} && {}::text[]"),
)
def contains_none_of(value: Set[str], wanted: Wanted, context: Context) -> bool:
    """Has not one of the options."""
    return value.isdisjoint(_flatten(wanted))


@operator("is_exactly", "multi_select", operand=Operand.SOME, family=SETS, sql=_exactly)
def is_exactly(value: Set[str], wanted: Wanted, context: Context) -> bool:
    """Has these options and no others."""
    return value == _flatten(wanted)


def _inexactly(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("NOT {}", _exactly(value, wanted, moment))


@operator("is_not_exactly", "multi_select", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=SETS, sql=_inexactly)
def is_not_exactly(value: Set[str], wanted: Wanted, context: Context) -> bool:
    """Has other options than these, more or fewer."""
    return value != _flatten(wanted)


def _size(raw: Any, target: Target, scope: Scope, path: str) -> Any:
    return typed_value(raw, AttributeSpec("", "integer"), scope, path)


SIZES = Family(
    literal=_size, value=lambda options: len, sql_value=lambda options: lambda value: sql("cardinality({})", value)
)


def sized(template: str) -> SqlTest:
    """The test that compares with one number."""
    return lambda value, wanted, moment: sql(template, value, *wanted)


@operator("size_is", "multi_select", operand=Operand.ONE, nulls=Nulls.ORDERING, family=SIZES, sql=sized("{} = {}"))
def size_is(value: int, wanted: Wanted, context: Context) -> bool:
    """Has so many options."""
    return bool(value == wanted[0])


@operator(
    "size_at_least", "multi_select", operand=Operand.ONE, nulls=Nulls.ORDERING, family=SIZES, sql=sized("{} >= {}")
)
def size_at_least(value: int, wanted: Wanted, context: Context) -> bool:
    """Has so many options or more."""
    return bool(value >= wanted[0])


@operator(
    "size_at_most", "multi_select", operand=Operand.ONE, nulls=Nulls.ORDERING, family=SIZES, sql=sized("{} <= {}")
)
def size_at_most(value: int, wanted: Wanted, context: Context) -> bool:
    """Has so many options or fewer, but one at least."""
    return bool(value <= wanted[0])
