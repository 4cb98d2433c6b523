"""Operators of the length of a text, in characters of its composed form."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.folding import compose
from campaigns.language.operator import Family, Nulls, Operand, SqlTest, operator
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.sqltext import sql
from campaigns.language.tokens import Target, typed_value

Wanted = tuple[int, ...]
TEXTS = ("string", "text")


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> Any:
    return typed_value(raw, AttributeSpec("", "integer"), scope, path)


LENGTH = Family(
    literal=_literal,
    value=lambda options: lambda text: len(compose(text)),
    sql_value=lambda options: lambda value: sql("char_length(campaigns_compose({}))", value),
)


def compared(template: str) -> SqlTest:
    """The test that compares with one number."""
    return lambda value, wanted, moment: sql(template, value, *wanted)


@operator("length_is", *TEXTS, operand=Operand.ONE, nulls=Nulls.ORDERING, family=LENGTH, sql=compared("{} = {}"))
def length_is(value: int, wanted: Wanted, context: Context) -> bool:
    """So many characters long."""
    return value == wanted[0]


@operator("length_less_than", *TEXTS, operand=Operand.ONE, nulls=Nulls.ORDERING, family=LENGTH, sql=compared("{} < {}"))
def length_less_than(value: int, wanted: Wanted, context: Context) -> bool:
    """Fewer characters than that."""
    return value < wanted[0]


@operator(
    "length_greater_than", *TEXTS, operand=Operand.ONE, nulls=Nulls.ORDERING, family=LENGTH, sql=compared("{} > {}")
)
def length_greater_than(value: int, wanted: Wanted, context: Context) -> bool:
    """More characters than that."""
    return value > wanted[0]
