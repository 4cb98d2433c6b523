"""Operators of places: their country, region, city, and how far away they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from campaigns.filters.phones import read_country
from campaigns.filters.strings import form_of, sql_form_of
from campaigns.language.context import Context
from campaigns.language.operator import Family, Moment, Nulls, Operand, Options, operator
from campaigns.language.places import FARTHEST_KM, haversine, haversine_of, read_degrees
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.tokens import Target
from campaigns.language.values import show

Wanted = tuple[Any, ...]


def _among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::text[])", value, list(wanted))


def _not_among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} <> ALL({}::text[])", value, list(wanted))


COUNTRY = Family(
    literal=read_country,
    value=lambda options: lambda place: place.get("country"),
    sql_value=lambda options: lambda value: sql("({} ->> 'country')", value),
)


@operator("country_is", "geo", operand=Operand.SOME, family=COUNTRY, sql=_among)
def country_is(value: str, wanted: Wanted, context: Context) -> bool:
    """In one of these countries, by its two letters or English name."""
    return value in wanted


@operator("country_is_not", "geo", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=COUNTRY, sql=_not_among)
def country_is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """In none of these countries."""
    return value not in wanted


def _text(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    if not isinstance(raw, str):
        scope.fault(path, f"expected a name, got {show(raw)}")
        return None
    return raw.strip()


def _named(part: str) -> Family:
    """A part of a place, compared as texts are."""

    def value(options: Options) -> Callable[[Any], str | None]:
        form = form_of(options)
        return lambda place: form(place[part]) if part in place else None

    def sql_value(options: Options) -> Callable[[Sql], Sql]:
        form = sql_form_of(options)
        return lambda place: form(sql("({} ->> {}::text)", place, part))

    switches = frozenset({"case", "accent"})
    return Family(literal=_text, operand=form_of, value=value, sql_value=sql_value, switches=switches)


REGION, CITY = _named("region"), _named("city")


@operator("region_is", "geo", operand=Operand.SOME, family=REGION, sql=_among)
def region_is(value: str, wanted: Wanted, context: Context) -> bool:
    """In one of these regions."""
    return value in wanted


@operator("region_is_not", "geo", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=REGION, sql=_not_among)
def region_is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """In none of these regions."""
    return value not in wanted


@operator("city_is", "geo", operand=Operand.SOME, family=CITY, sql=_among)
def city_is(value: str, wanted: Wanted, context: Context) -> bool:
    """In one of these cities."""
    return value in wanted


@operator("city_is_not", "geo", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=CITY, sql=_not_among)
def city_is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """In none of these cities."""
    return value not in wanted


class Circle(msgspec.Struct, frozen=True):
    """A point and how far from it, as a haversine."""

    latitude: float
    longitude: float
    within: float


def _circle(raw: Any, target: Target, scope: Scope, path: str) -> Circle | None:
    if not isinstance(raw, dict) or set(raw) != {"latitude", "longitude", "km"}:
        scope.fault(path, 'expected a circle like {"latitude": 48.2, "longitude": 16.37, "km": 25}')
        return None
    kilometres = raw["km"]
    if isinstance(kilometres, bool) or not isinstance(kilometres, int | float) or not 0 < kilometres <= FARTHEST_KM:
        scope.fault(f"{path}.km", f"expected kilometres, above 0 and at most {FARTHEST_KM:,}; got {show(kilometres)}")
        return None
    try:
        point = [read_degrees(raw[name], name) for name in ("latitude", "longitude")]
    except ValueError as error:
        scope.fault(path, str(error))
        return None
    return Circle(*point, haversine_of(kilometres))


def _point(options: Options) -> Callable[[Any], Any]:
    return lambda place: place if "latitude" in place else None


CIRCLES = Family(literal=_circle, value=_point)


def _within(value: Sql, wanted: tuple[Circle, ...], moment: Moment) -> Sql:
    (circle,) = wanted
    distance = sql("campaigns_haversine({}, {}::float8, {}::float8)", value, circle.latitude, circle.longitude)
    return sql("{} <= {}::float8", distance, circle.within)


def _beyond(value: Sql, wanted: tuple[Circle, ...], moment: Moment) -> Sql:
    return sql("NOT {}", _within(value, wanted, moment))


@operator("within_radius", "geo", operand=Operand.ONE, family=CIRCLES, sql=_within)
def within_radius(value: Any, wanted: tuple[Circle, ...], context: Context) -> bool:
    """As the crow flies no farther than so many kilometres from a point: {"latitude", "longitude", "km"}."""
    (circle,) = wanted
    apart = haversine(value["latitude"], value["longitude"], circle.latitude, circle.longitude)
    return apart <= circle.within


@operator("not_within_radius", "geo", operand=Operand.ONE, nulls=Nulls.NEGATIVE, family=CIRCLES, sql=_beyond)
def not_within_radius(value: Any, wanted: tuple[Circle, ...], context: Context) -> bool:
    """Farther away than that, or at no known point."""
    return not within_radius(value, wanted, context)
