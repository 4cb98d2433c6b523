"""Operators of numbers; decimals are compared exactly."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import Nulls, Operand, operator

NUMBERS = ("integer", "decimal")
Wanted = tuple[Any, ...]


@operator("is", *NUMBERS, operand=Operand.SOME)
def is_(value: Any, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the values."""
    return value in wanted


@operator("is_not", *NUMBERS, operand=Operand.SOME, nulls=Nulls.NEGATIVE)
def is_not(value: Any, wanted: Wanted, context: Context) -> bool:
    """Equal to none of the values."""
    return value not in wanted


@operator("is_any_of", *NUMBERS, operand=Operand.LIST)
def is_any_of(value: Any, wanted: Wanted, context: Context) -> bool:
    """Equal to one of the values."""
    return value in wanted


@operator("greater_than", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING)
def greater_than(value: Any, wanted: Wanted, context: Context) -> bool:
    """Above the value."""
    return value > wanted[0]


@operator("at_least", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING)
def at_least(value: Any, wanted: Wanted, context: Context) -> bool:
    """The value or above."""
    return value >= wanted[0]


@operator("less_than", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING)
def less_than(value: Any, wanted: Wanted, context: Context) -> bool:
    """Below the value."""
    return value < wanted[0]


@operator("at_most", *NUMBERS, operand=Operand.ONE, nulls=Nulls.ORDERING)
def at_most(value: Any, wanted: Wanted, context: Context) -> bool:
    """The value or below."""
    return value <= wanted[0]


@operator("between", *NUMBERS, operand=Operand.PAIR, nulls=Nulls.ORDERING)
def between(value: Any, wanted: Wanted, context: Context) -> bool:
    """From the first value to the second, both included."""
    return wanted[0] <= value <= wanted[1]


@operator("not_between", *NUMBERS, operand=Operand.PAIR, nulls=Nulls.NEGATIVE)
def not_between(value: Any, wanted: Wanted, context: Context) -> bool:
    """Below the first value or above the second."""
    return not wanted[0] <= value <= wanted[1]
