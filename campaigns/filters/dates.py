"""Operators of dates and times. Every operand becomes a span [from, until): a day of a zone, or a single instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.context import Context
from campaigns.language.operator import Family, Moment, Nulls, Operand, Options, SqlTest, operator
from campaigns.language.periods import Period, shift, shift_day, start_of_day
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, joined, sql
from campaigns.language.tokens import Target, is_token, typed_value
from campaigns.language.values import day_of

DATES = ("date", "datetime")
Wanted = tuple[Any, ...]

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)


def _literal(raw: Any, target: Target, scope: Scope, path: str) -> Any:
    """A time may be compared with a whole day: text of ten characters is a date."""
    if isinstance(raw, str) and len(raw) == 10 and not is_token(raw):
        return typed_value(raw, AttributeSpec("", "date"), scope, path)
    return typed_value(raw, target, scope, path)


Span = tuple[Any, Any]  #: from a day or instant to another, without the latter


class Window(msgspec.Struct, frozen=True):
    """A period that ends or begins when it is asked for."""

    period: Period
    options: Options
    instants: bool  #: of a field that holds instants

    def span(self, now: datetime) -> Span:
        """Both ends included: today and the day a period away, or now and the instant."""
        if self.instants and not self.options.calendar:
            first, last = sorted((now, shift(now, self.period, self.options.zone)))
            return first, _after(last)
        today = day_of(now, self.options.zone)
        first_day, last_day = sorted((today, shift_day(today, self.period)))
        if not self.instants:
            return first_day, _after(last_day)
        first, beyond = _instants(first_day, last_day, self.options.zone)
        return (first, min(beyond, _after(now))) if self.period.amount < 0 else (max(first, now), beyond)


def _instants(first: date, last: date, zone: ZoneInfo) -> Span:
    """Whole days as instants: each lasts from one midnight of the zone to the next."""
    return start_of_day(first, zone), start_of_day(_after(last), zone)


def _days_of(options: Options) -> Callable[[Any], Any]:
    def span(value: Any) -> Any:
        if isinstance(value, Period):
            return Window(value, options, instants=False), Window(-value, options, instants=False)
        return value, _after(value)

    return span


def _instants_of(options: Options) -> Callable[[Any], Any]:
    def span(value: Any) -> Any:
        if isinstance(value, Period):
            return Window(value, options, instants=True), Window(-value, options, instants=True)
        if isinstance(value, datetime):
            return value, _after(value)
        return _instants(value, value, options.zone)

    return span


def _after(value: Any) -> Any:
    """The end of a day or an instant; the last ones there are end with themselves."""
    step = _TICK if isinstance(value, datetime) else _DAY
    try:
        return value + step
    except OverflowError:
        return value


SWITCHES = frozenset({"zone", "calendar"})
FAMILIES = {
    "date": Family(operand=_days_of, switches=SWITCHES),
    "datetime": Family(literal=_literal, operand=_instants_of, switches=SWITCHES),
}


def _dates(name: str, operand: Operand, nulls: Nulls, sql: SqlTest) -> Callable[[Any], Any]:
    """The decorator for both types."""

    def enter(test: Any) -> Any:
        for type_name, family in FAMILIES.items():
            operator(name, type_name, operand=operand, nulls=nulls, family=family, sql=sql)(test)
        return test

    return enter


def _in_span(value: Sql, span: Span) -> Sql:
    return sql("({} >= {} AND {} < {})", value, span[0], value, span[1])


def _in_spans(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return joined("OR", [_in_span(value, span) for span in wanted])


def _in_no_span(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("NOT {}", _in_spans(value, wanted, moment))


def _edge(template: str, place: int) -> SqlTest:
    return lambda value, wanted, moment: sql(template, value, wanted[0][place])


def _between(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return _in_span(value, (wanted[0][0], wanted[1][1]))


def _not_between(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("NOT {}", _between(value, wanted, moment))


@_dates("is", Operand.SOME, Nulls.POSITIVE, _in_spans)
def is_(value: Any, wanted: Wanted, context: Context) -> bool:
    """On one of the days, or at one of the instants."""
    return any(start <= value < end for start, end in wanted)


@_dates("is_not", Operand.SOME, Nulls.NEGATIVE, _in_no_span)
def is_not(value: Any, wanted: Wanted, context: Context) -> bool:
    """On none of the days, at none of the instants."""
    return not any(start <= value < end for start, end in wanted)


@_dates("before", Operand.ONE, Nulls.ORDERING, _edge("{} < {}", 0))
def before(value: Any, wanted: Wanted, context: Context) -> bool:
    """Before the day or instant."""
    return value < wanted[0][0]


@_dates("on_or_before", Operand.ONE, Nulls.ORDERING, _edge("{} < {}", 1))
def on_or_before(value: Any, wanted: Wanted, context: Context) -> bool:
    """Not after the day or instant."""
    return value < wanted[0][1]


@_dates("after", Operand.ONE, Nulls.ORDERING, _edge("{} >= {}", 1))
def after(value: Any, wanted: Wanted, context: Context) -> bool:
    """After the day or instant."""
    return value >= wanted[0][1]


@_dates("on_or_after", Operand.ONE, Nulls.ORDERING, _edge("{} >= {}", 0))
def on_or_after(value: Any, wanted: Wanted, context: Context) -> bool:
    """Not before the day or instant."""
    return value >= wanted[0][0]


@_dates("between", Operand.PAIR, Nulls.ORDERING, _between)
def between(value: Any, wanted: Wanted, context: Context) -> bool:
    """From the first day or instant to the second, both included."""
    return wanted[0][0] <= value < wanted[1][1]


@_dates("not_between", Operand.PAIR, Nulls.NEGATIVE, _not_between)
def not_between(value: Any, wanted: Wanted, context: Context) -> bool:
    """Before the first day or instant or after the second."""
    return not wanted[0][0] <= value < wanted[1][1]


def _in_window(place: int) -> SqlTest:
    def test(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
        return _in_span(value, wanted[0][place].span(moment.now))

    return test


@_dates("in_past", Operand.PERIOD, Nulls.ORDERING, _in_window(1))
def in_past(value: Any, wanted: Wanted, context: Context) -> bool:
    """Within the period that ends now; by whole days for days, or when `calendar` is set."""
    first, beyond = wanted[0][1].span(context.now)
    return first <= value < beyond


@_dates("in_future", Operand.PERIOD, Nulls.ORDERING, _in_window(0))
def in_future(value: Any, wanted: Wanted, context: Context) -> bool:
    """Within the period that begins now; by whole days for days, or when `calendar` is set."""
    first, beyond = wanted[0][0].span(context.now)
    return first <= value < beyond


def _window_edge(template: str, place: int, edge: int) -> SqlTest:
    return lambda value, wanted, moment: sql(template, value, wanted[0][place].span(moment.now)[edge])


@_dates("in_past_before", Operand.PERIOD, Nulls.ORDERING, _window_edge("{} < {}", 1, 0))
def in_past_before(value: Any, wanted: Wanted, context: Context) -> bool:
    """Before the period that ends now began: longer ago than that."""
    return value < wanted[0][1].span(context.now)[0]


@_dates("in_future_after", Operand.PERIOD, Nulls.ORDERING, _window_edge("{} >= {}", 0, 1))
def in_future_after(value: Any, wanted: Wanted, context: Context) -> bool:
    """After the period that begins now will have ended."""
    return value >= wanted[0][0].span(context.now)[1]
