"""Operators of numbers; decimals are compared exactly."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import Moment, Nulls, Operand, SqlTest, operator
from campaigns.language.sqltext import Sql, sql

NUMBERS = ("integer", "decimal")
Wanted = tuple[Any, ...]


def _among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::numeric[])", value, list(wanted))


def _not_among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} <> ALL({}::numeric[])", value, list(wanted))


def compared(template: str) -> SqlTest:
    """The test that compares with one number, or with two."""
    return lambda value, wanted, moment: sql(template, value, *wanted)


@operator("is", *NUMBERS, operand=Operand.SOME, sql=_among)
def is_(value: Any, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the values."""
    return value in wanted


@operator("is_not", *NUMBERS, operand=Operand.SOME, nulls=Nulls.NEGATIVE, sql=_not_among)
def is_not(value: Any, wanted: Wanted, context: Context) -> bool:
    """Equal to none of the values."""
    return value not in wanted


@operator("is_any_of", *NUMBERS, operand=Operand.LIST, sql=_among)
def is_any_of(value: Any, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the values."""
    return value in wanted


@operator("is_none_of", *NUMBERS, operand=Operand.LIST, nulls=Nulls.NEGATIVE, sql=_not_among)
def is_none_of(value: Any, wanted: Wanted, context: Context) -> bool:
    """Equal to none of the values."""
    return value not in wanted


@operator("greater_than", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING, sql=compared("{} > {}"))
def greater_than(value: Any, wanted: Wanted, context: Context) -> bool:
    """Above the value."""
    return value > wanted[0]


@operator("at_least", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING, sql=compared("{} >= {}"))
def at_least(value: Any, wanted: Wanted, context: Context) -> bool:
    """The value or above."""
    return value >= wanted[0]


@operator("less_than", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING, sql=compared("{} < {}"))
def less_than(value: Any, wanted: Wanted, context: Context) -> bool:
    """Below the value."""
    return value < wanted[0]


@operator("at_most", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING, sql=compared("{} <= {}"))
def at_most(value: Any, wanted: Wanted, context: Context) -> bool:
    """The value or below."""
    return value <= wanted[0]


@operator("between", *NUMBERS, operand=Operand.PAIR, nulls=Nulls.ORDERING, sql=compared("{} BETWEEN {} AND {}"))
def between(value: Any, wanted: Wanted, context: Context) -> bool:
    """From the first value to the second, both included."""
    return wanted[0] <= value <= wanted[1]


@operator("not_between", *NUMBERS, operand=Operand.PAIR, nulls=Nulls.NEGATIVE, sql=compared("{} NOT BETWEEN {} AND {}"))
def not_between(value: Any, wanted: Wanted, context: Context) -> bool:
    """Below the first value or above the second."""
    return not wanted[0] <= value <= wanted[1]


@operator("is_even", "integer", sql=compared("mod({}, 2) = 0"))
def is_even(value: int, wanted: Wanted, context: Context) -> bool:
    """Divisible by two."""
    return value % 2 == 0


@operator("is_odd", "integer", sql=compared("mod({}, 2) <> 0"))
def is_odd(value: int, wanted: Wanted, context: Context) -> bool:
    """Not divisible by two."""
    return value % 2 != 0
