"""The declaration of a filter operator: one function, the types it accepts, its operand, and what null means
to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.context import Context
from campaigns.language.registry import Registry
from campaigns.language.schema import TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql
from campaigns.language.tokens import Target, typed_value

#: (the lead's value, the operands, the context) -> whether it matches. The value is never null, but for PRESENCE.
Test = Callable[[Any, Any, Context], bool]


class Moment(msgspec.Struct, frozen=True):
    """What a query over leads is asked by."""

    schema: TenantSchema
    now: datetime


#: (the value's SQL, the operands in their form, the moment) -> the same test for the database: null where the value
#: is null, and never else
SqlTest = Callable[[Sql, Any, Moment], Sql]


class Nulls(Enum):
    """What an operator says of a field that has no value."""

    POSITIVE = "never matches"
    NEGATIVE = "matches, unless must_have_value is set"
    ORDERING = "never matches, unless or_empty is set"
    PRESENCE = "is what it asks for"


class Operand(Enum):
    """What stands in `value`."""

    NONE = "no value"
    ONE = "one value"
    SOME = "one value or a list of them"
    LIST = "a list of values"
    PAIR = "a list of two values, the lower first"
    PERIOD = "a period"


class Options(msgspec.Struct, frozen=True):
    """The switches of one filter."""

    zone: ZoneInfo
    week_start: int = 0  #: the day that weeks begin on, from Monday
    zone_of_lead: bool = False  #: that of the lead's field `timezone`, where it names one
    case_sensitive: bool = False
    accent_insensitive: bool = False
    calendar: bool = False
    leap_day_in_march: bool = False  #: the anniversary of 29 February in years without one
    must_have_value: bool = False
    or_empty: bool = False


def _identity(options: Options) -> Callable[[Any], Any] | None:
    return None


class Family(msgspec.Struct, frozen=True):
    """How types that are compared alike are brought into the form that is compared."""

    #: operand from the document: a typed constant or a Dynamic
    literal: Callable[[Any, Target, Scope, str], Any] = typed_value
    #: makes the form of a typed operand; None where it is compared as it is
    operand: Callable[[Options], Callable[[Any], Any] | None] = _identity
    #: makes the form of the lead's value; None where it has no such part, and so no value
    value: Callable[[Options], Callable[[Any], Any] | None] = _identity
    #: makes the form of the lead's value in the database
    sql_value: Callable[[Options], Callable[[Sql], Sql] | None] = _identity
    #: the names of the switches its filters may have
    switches: frozenset[str] = frozenset()
    #: whether operands can be put in order as they are written
    ordered: bool = True


class Operator(msgspec.Struct, frozen=True):
    """An operator as the registry knows it, for one type."""

    name: str
    type: str
    operand: Operand
    nulls: Nulls
    family: Family
    test: Test
    sql: SqlTest | None  #: None where only memory can decide


OPERATORS: Registry[Operator] = Registry("operator")


def operator(
    name: str,
    *types: str,
    operand: Operand = Operand.NONE,
    nulls: Nulls = Nulls.POSITIVE,
    family: Family | None = None,
    sql: SqlTest | None = None,
) -> Callable[[Test], Test]:
    """Enter a function as the operator of that name for each of the types.

    `sql` says the same in SQL. Without it queries over leads leave the operator to this function: they read more
    leads than match, and it sorts them out.
    """

    def enter(test: Test) -> Test:
        for type_name in types:
            entry = Operator(name, type_name, operand, nulls, family or Family(), test, sql)
            OPERATORS.add(f"{type_name}.{name}", entry)
        return test

    return enter


def operators_of(type_name: str) -> list[str]:
    """The names of the operators that a type has."""
    return sorted(entry.name for entry in OPERATORS if entry.type == type_name)
