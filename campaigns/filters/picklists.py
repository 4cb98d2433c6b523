"""Operators of picklists, stage and owner among them: compared by the option's key, exactly."""

from __future__ import annotations

from campaigns.language.context import Context
from campaigns.language.operator import Nulls, Operand, operator

Wanted = tuple[str, ...]


@operator("is", "picklist", operand=Operand.SOME)
def is_(value: str, wanted: Wanted, context: Context) -> bool:
    """One of the options."""
    return value in wanted


@operator("is_not", "picklist", operand=Operand.SOME, nulls=Nulls.NEGATIVE)
def is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """None of the options."""
    return value not in wanted


@operator("is_any_of", "picklist", operand=Operand.LIST)
def is_any_of(value: str, wanted: Wanted, context: Context) -> bool:
    """One of the options."""
    return value in wanted


@operator("is_none_of", "picklist", operand=Operand.LIST, nulls=Nulls.NEGATIVE)
def is_none_of(value: str, wanted: Wanted, context: Context) -> bool:
    """None of the options."""
    return value not in wanted
