"""Operators of dates and times. Every operand becomes a span [from, until): a day of a zone, or a single instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from campaigns.language.context import Context
from campaigns.language.operator import Family, Nulls, Operand, Options, operator
from campaigns.language.periods import Period, shift, shift_day, start_of_day
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
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


def _span_of(options: Options) -> Callable[[Any], Any]:
    def span(value: Any) -> Any:
        if isinstance(value, Period):
            return value, options
        return value, _after(value)

    return span


def _after(value: Any) -> Any:
    """The end of a day or an instant; the last ones there are end with themselves."""
    step = _TICK if isinstance(value, datetime) else _DAY
    try:
        return value + step
    except OverflowError:
        return value


def _instants_of(options: Options) -> Callable[[Any], Any]:
    """For fields that hold instants: a day lasts from one midnight of the zone to the next."""
    plain = _span_of(options)

    def span(value: Any) -> Any:
        if isinstance(value, date) and not isinstance(value, datetime):
            return start_of_day(value, options.zone), start_of_day(_after(value), options.zone)
        return plain(value)

    return span


SWITCHES = frozenset({"zone", "calendar"})
FAMILIES = {
    "date": Family(operand=_span_of, switches=SWITCHES),
    "datetime": Family(literal=_literal, operand=_instants_of, switches=SWITCHES),
}


def _dates(name: str, operand: Operand, nulls: Nulls) -> Callable[[Any], Any]:
    """The decorator for both types."""

    def enter(test: Any) -> Any:
        for type_name, family in FAMILIES.items():
            operator(name, type_name, operand=operand, nulls=nulls, family=family)(test)
        return test

    return enter


@_dates("is", Operand.SOME, Nulls.POSITIVE)
def is_(value: Any, wanted: Wanted, context: Context) -> bool:
    """On one of the days, or at one of the instants."""
    return any(start <= value < end for start, end in wanted)


@_dates("is_not", Operand.SOME, Nulls.NEGATIVE)
def is_not(value: Any, wanted: Wanted, context: Context) -> bool:
    """On none of the days, at none of the instants."""
    return not any(start <= value < end for start, end in wanted)


@_dates("before", Operand.ONE, Nulls.ORDERING)
def before(value: Any, wanted: Wanted, context: Context) -> bool:
    """Before the day or instant."""
    return value < wanted[0][0]


@_dates("on_or_before", Operand.ONE, Nulls.ORDERING)
def on_or_before(value: Any, wanted: Wanted, context: Context) -> bool:
    """Not after the day or instant."""
    return value < wanted[0][1]


@_dates("after", Operand.ONE, Nulls.ORDERING)
def after(value: Any, wanted: Wanted, context: Context) -> bool:
    """After the day or instant."""
    return value >= wanted[0][1]


@_dates("on_or_after", Operand.ONE, Nulls.ORDERING)
def on_or_after(value: Any, wanted: Wanted, context: Context) -> bool:
    """Not before the day or instant."""
    return value >= wanted[0][0]


@_dates("between", Operand.PAIR, Nulls.ORDERING)
def between(value: Any, wanted: Wanted, context: Context) -> bool:
    """From the first day or instant to the second, both included."""
    return wanted[0][0] <= value < wanted[1][1]


@_dates("not_between", Operand.PAIR, Nulls.NEGATIVE)
def not_between(value: Any, wanted: Wanted, context: Context) -> bool:
    """Before the first day or instant or after the second."""
    return not wanted[0][0] <= value < wanted[1][1]


@_dates("in_past", Operand.PERIOD, Nulls.ORDERING)
def in_past(value: Any, wanted: Wanted, context: Context) -> bool:
    """Within the period that ends now."""
    period, options = wanted[0]
    return _within(value, -period, options, context)


@_dates("in_future", Operand.PERIOD, Nulls.ORDERING)
def in_future(value: Any, wanted: Wanted, context: Context) -> bool:
    """Within the period that begins now."""
    period, options = wanted[0]
    return _within(value, period, options, context)


def _within(value: Any, period: Period, options: Options, context: Context) -> bool:
    """Between now and the instant a period away, both included; by whole days for days, or when `calendar` is set."""
    if not isinstance(value, datetime):
        return _within_days(value, period, options, context)
    if options.calendar:
        return _within_days(day_of(value, options.zone), period, options, context) and (
            value <= context.now if period.amount < 0 else value >= context.now
        )
    first, last = sorted((context.now, shift(context.now, period, options.zone)))
    return first <= value <= last


def _within_days(day: date, period: Period, options: Options, context: Context) -> bool:
    today = day_of(context.now, options.zone)
    first, last = sorted((today, shift_day(today, period)))
    return first <= day <= last
