"""Operators of picklists, stage and owner among them: compared by the option's key, exactly."""

from __future__ import annotations

from campaigns.language.context import Context
from campaigns.language.operator import Moment, Nulls, Operand, operator
from campaigns.language.sqltext import Sql, sql

Wanted = tuple[str, ...]


def _among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::text[])", value, list(wanted))


def _not_among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} <> ALL({}::text[])", value, list(wanted))


@operator("is", "picklist", operand=Operand.SOME, sql=_among)
def is_(value: str, wanted: Wanted, context: Context) -> bool:
    """One of the options."""
    return value in wanted


@operator("is_not", "picklist", operand=Operand.SOME, nulls=Nulls.NEGATIVE, sql=_not_among)
def is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """None of the options."""
    return value not in wanted


@operator("is_any_of", "picklist", operand=Operand.LIST, sql=_among)
def is_any_of(value: str, wanted: Wanted, context: Context) -> bool:
    """One of the options."""
    return value in wanted


@operator("is_none_of", "picklist", operand=Operand.LIST, nulls=Nulls.NEGATIVE, sql=_not_among)
def is_none_of(value: str, wanted: Wanted, context: Context) -> bool:
    """None of the options."""
    return value not in wanted
