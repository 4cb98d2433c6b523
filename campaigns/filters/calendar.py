"""Operators of what the calendar and the clock show: day of the week, month, hour, anniversaries.

A time is taken to its zone first. Who was born on 29 February has the anniversary on the 28th in years without one,
or on 1 March where `leap_day` says so.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from campaigns.filters.dates import DATES
from campaigns.language.clocks import local_time, offsets_of
from campaigns.language.context import Context
from campaigns.language.operator import Family, Moment, Operand, Options, SqlTest, operator
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.tokens import Target, is_token
from campaigns.language.values import cast_integer, day_of, show
from campaigns.language.walltime import DAYS

Wanted = tuple[Any, ...]
DAYS_LIMIT = 366


def _number(low: int, high: int, words: tuple[str, ...] = ()) -> Callable[[Any, Target, Scope, str], int | None]:
    """Reads an operand: a whole number of a range, or a word that stands for one."""

    def read(raw: Any, target: Target, scope: Scope, path: str) -> int | None:
        if raw in words:
            return words.index(raw) + low
        try:
            number = cast_integer(raw)
        except ValueError:
            number = low - 1
        if is_token(raw) or not low <= number <= high:
            also = f", or one of {', '.join(words)}" if words else ""
            scope.fault(path, f"expected a whole number from {low} to {high}{also}; got {show(raw)}")
            return None
        return number

    return read


def _family(
    type_name: str, part: Callable[[Any], int], template: str, literal: Any, operand: Any = None, *more: str
) -> Family:
    """Compares one part of the date that a zone's calendar shows."""

    def value(options: Options) -> Callable[[Any], int]:
        if type_name == "date":
            return part
        return lambda instant: part(local_time(instant, options.zone))

    def sql_value(options: Options) -> Callable[[Sql], Sql]:
        if type_name == "date":
            return lambda day: sql(template, day)
        return lambda instant: sql(
            template, sql("campaigns_local({}, {}::timestamptz[], {}::integer[])", instant, *offsets_of(options.zone))
        )

    switches = frozenset({"zone", *more})
    return Family(
        literal=literal, operand=operand or (lambda options: None), value=value, sql_value=sql_value, switches=switches
    )


def _among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::integer[])", value, list(wanted))


def _part(name: str, part: Callable[[Any], int], template: str, literal: Any) -> Callable[[Any], Any]:
    """The decorator of an operator on one part of dates and times."""

    def enter(test: Any) -> Any:
        for kind in DATES:
            family = _family(kind, part, template, literal)
            operator(name, kind, operand=Operand.SOME, family=family, sql=_among)(test)
        return test

    return enter


@_part("day_of_week_is", lambda day: day.isoweekday(), "extract(isodow FROM {})::integer", _number(1, 7, DAYS))
def day_of_week_is(value: int, wanted: Wanted, context: Context) -> bool:
    """On one of these days of the week; 1 is Monday."""
    return value in wanted


@_part("day_of_month_is", lambda day: day.day, "extract(day FROM {})::integer", _number(1, 31))
def day_of_month_is(value: int, wanted: Wanted, context: Context) -> bool:
    """On one of these days of a month."""
    return value in wanted


@_part("month_is", lambda day: day.month, "extract(month FROM {})::integer", _number(1, 12))
def month_is(value: int, wanted: Wanted, context: Context) -> bool:
    """In one of these months, of whatever year."""
    return value in wanted


@_part("year_is", lambda day: day.year, "extract(year FROM {})::integer", _number(1, 9999))
def year_is(value: int, wanted: Wanted, context: Context) -> bool:
    """In one of these years."""
    return value in wanted


_HOUR = _family("datetime", lambda time: time.hour, "extract(hour FROM {})::integer", _number(0, 23))


@operator("at_hour", "datetime", operand=Operand.SOME, family=_HOUR, sql=_among)
def at_hour(value: int, wanted: Wanted, context: Context) -> bool:
    """Within one of these hours of a day, 0 to 23."""
    return value in wanted


def _hours(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    over_midnight = wanted[0] > wanted[1]
    return sql(
        "({} >= {} OR {} <= {})" if over_midnight else "({} >= {} AND {} <= {})", value, wanted[0], value, wanted[1]
    )


@operator(
    "hour_between", "datetime", operand=Operand.PAIR, family=msgspec.structs.replace(_HOUR, ordered=False), sql=_hours
)
def hour_between(value: int, wanted: Wanted, context: Context) -> bool:
    """From the first of these hours to the second, both included: 9 and 16 end at 16:59; 22 and 5 go over midnight."""
    first, last = wanted
    return first <= value <= last if first <= last else value >= first or value <= last


class Anniversaries(msgspec.Struct, frozen=True):
    """The days of the year, month x 100 + day, whose anniversaries fall on today or the days after."""

    days: int
    options: Options

    def of(self, now: datetime) -> frozenset[int]:
        """All of them."""
        today = day_of(now, self.options.zone)
        coming = [today + timedelta(days=ahead) for ahead in range(self.days + 1)]
        found = {day.month * 100 + day.day for day in coming}
        instead = (3, 1) if self.options.leap_day_in_march else (2, 28)
        if any((day.month, day.day) == instead and not calendar.isleap(day.year) for day in coming):
            found.add(229)
        return frozenset(found)


def _day_of_year(day: date) -> int:
    return day.month * 100 + day.day


def _anniversary(name: str, operand: Operand, sql_test: SqlTest) -> Callable[[Any], Any]:
    template = "to_char({}::timestamp, 'MMDD')::integer"

    def enter(test: Any) -> Any:
        for kind in DATES:
            family = _family(
                kind, _day_of_year, template, _number(0, DAYS_LIMIT),
                lambda options: lambda days: Anniversaries(days, options), "leap_day",
            )  # fmt: skip
            operator(name, kind, operand=operand, family=family, sql=sql_test)(test)
        return test

    return enter


def _coming(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::integer[])", value, sorted(wanted[0].of(moment.now)))


@_anniversary("anniversary_in_next_days", Operand.ONE, _coming)
def anniversary_in_next_days(value: int, wanted: Wanted, context: Context) -> bool:
    """The day comes round again today, or within so many days after it; 0 is today alone."""
    return value in wanted[0].of(context.now)
