"""Operators of amounts of money: compared in the tenant's currency by the rate of the day, exactly.

An amount in a currency without a rate is equal to nothing, and neither more nor less than anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from campaigns.language.context import Context
from campaigns.language.money import Money, money_of, rate_of, worth
from campaigns.language.operator import Family, Moment, Nulls, Operand, SqlTest, operator
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.tokens import Target, typed_value
from campaigns.language.values import show

Wanted = tuple[Any, ...]
Amounts = list[Decimal | None]


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> Any:
    """A bare number is in the tenant's currency."""
    own = f"{raw} {scope.schema.currency}" if isinstance(raw, int | float | Decimal) and raw is not True else raw
    return typed_value(own, target, scope, path)


def _parsed(options: Any) -> Callable[[str], Money]:
    return money_of


MONEY = Family(literal=_literal, operand=_parsed, value=_parsed, ordered=False)


def _compared(test: Callable[[Decimal, Amounts], bool], *, negative: bool) -> Callable[[Any, Wanted, Context], bool]:
    """The test in the tenant's currency; what has no rate is compared with nothing."""

    def matches(value: Money, wanted: Wanted, context: Context) -> bool:
        day = context.schema.day(context.now)
        own = worth(value, context.schema, day)
        if own is None:
            return negative
        return test(own, [worth(one, context.schema, day) for one in wanted]) is not negative

    return matches


def _sql_worth(value: Sql, moment: Moment) -> Sql:
    """By the rates of the day, as far as there are any."""
    day = moment.schema.day(moment.now)
    codes = [moment.schema.currency, *(key.upper() for key in moment.schema.defined("currency"))]
    rates = {code: rate for code in codes if (rate := rate_of(code, moment.schema, day)) is not None}
    return sql(
        "(split_part({}, ' ', 1)::numeric * (SELECT r FROM unnest({}::text[], {}::numeric[]) AS x (c, r)"
        " WHERE c = split_part({}, ' ', 2)))",
        value, list(rates), list(rates.values()), value,
    )  # fmt: skip


def _sql_test(template: str, *, negative: bool) -> SqlTest:
    def test(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
        day = moment.schema.day(moment.now)
        amounts = [worth(one, moment.schema, day) for one in wanted]
        parts = [[item for item in amounts if item is not None]] if "[]" in template else amounts
        found = sql(template, _sql_worth(value, moment), *parts)
        return sql(f"CASE WHEN {{}} IS NOT NULL THEN {'NOT ' * negative}coalesce({{}}, FALSE) END", value, found)

    return test


def _any(value: Decimal, wanted: Amounts) -> bool:
    return value in wanted


def _between(value: Decimal, wanted: Amounts) -> bool:
    low, high = wanted
    return low is not None and high is not None and low <= value <= high


def _ordered(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Decimal, Amounts], bool]:
    return lambda value, wanted: wanted[0] is not None and compare(value, wanted[0])


AMONG, WITHIN = "{} = ANY({}::numeric[])", "{} BETWEEN {} AND {}"
_POSITIVE, _NEGATIVE, _ORDERING = Nulls.POSITIVE, Nulls.NEGATIVE, Nulls.ORDERING
#: Name, operand, what null means, the test, the same in SQL, and what it says.
OPERATORS: tuple[tuple[str, Operand, Nulls, Callable[[Decimal, Amounts], bool], str, str], ...] = (
    ("is", Operand.SOME, _POSITIVE, _any, AMONG, "Worth the same as one of the amounts today."),
    ("is_not", Operand.SOME, _NEGATIVE, _any, AMONG, "Worth the same as none of the amounts today."),
    ("is_any_of", Operand.LIST, _POSITIVE, _any, AMONG, "Worth the same as one of the amounts today."),
    ("is_none_of", Operand.LIST, _NEGATIVE, _any, AMONG, "Worth the same as none of the amounts today."),
    ("greater_than", Operand.ONE, _ORDERING, _ordered(Decimal.__gt__), "{} > {}", "Worth more than the amount today."),
    ("at_least", Operand.ONE, _ORDERING, _ordered(Decimal.__ge__), "{} >= {}", "Worth the amount or more today."),
    ("less_than", Operand.ONE, _ORDERING, _ordered(Decimal.__lt__), "{} < {}", "Worth less than the amount today."),
    ("at_most", Operand.ONE, _ORDERING, _ordered(Decimal.__le__), "{} <= {}", "Worth the amount or less today."),
    ("between", Operand.PAIR, _ORDERING, _between, WITHIN, "Worth the first amount today, the second, or between."),
    ("not_between", Operand.PAIR, _NEGATIVE, _between, WITHIN,
        "Worth less than the first amount today or more than the second."),
)  # fmt: skip

for _name, _operand, _nulls, _test, _template, _doc in OPERATORS:
    _is_negative = _nulls is Nulls.NEGATIVE
    _entry = _compared(_test, negative=_is_negative)
    _entry.__doc__ = _doc
    operator(
        _name, "currency", operand=_operand, nulls=_nulls, family=MONEY, sql=_sql_test(_template, negative=_is_negative)
    )(_entry)


def _code(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    if not isinstance(raw, str) or not re.fullmatch("[A-Za-z]{3}", raw):
        scope.fault(path, f"expected the three letters of a currency, such as EUR, got {show(raw)}")
        return None
    return raw.upper()


CODE = Family(
    literal=_code,
    value=lambda options: lambda text: money_of(text)[1],
    sql_value=lambda options: lambda value: sql("split_part({}, ' ', 2)", value),
)


def _among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::text[])", value, list(wanted))


def _not_among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} <> ALL({}::text[])", value, list(wanted))


@operator("currency_is", "currency", operand=Operand.SOME, family=CODE, sql=_among)
def currency_is(value: str, wanted: Wanted, context: Context) -> bool:
    """An amount in one of these currencies."""
    return value in wanted


@operator("currency_is_not", "currency", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=CODE, sql=_not_among)
def currency_is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """An amount in none of these currencies."""
    return value not in wanted
