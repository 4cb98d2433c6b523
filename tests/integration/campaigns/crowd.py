"""Leads and filters at random, with what they are about likely to meet: for the test that both evaluators agree."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from campaigns.filters.timeframes import FRAMES
from campaigns.language.jsonvalues import JsonObject
from campaigns.language.operator import Nulls, Operand, Operator
from campaigns.language.values import TYPES
from campaigns.language.walltime import DAYS

#: Instants of clock changes: Europe 2026 and 2021, New York, Lord Howe (half an hour), Apia's lost day, St. John's at a
#: minute past midnight, São Paulo and Beirut at midnight.
EDGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2010, 11, 7, 2, 31, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
]
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns",
    "America/Sao_Paulo", "Asia/Beirut", "Asia/Kathmandu", "Africa/Casablanca",
]  # fmt: skip
OPTIONS = ["red", "green", "blue", "Grün"]

words = st.sampled_from(
    ["ann", "Ann", "ANN", "Ännchen", "A\u0308nnchen", "ännchen", "straße", "STRASSE", "İstanbul", "istanbul", "ΣΊΣΥΦΟΣ",
     "σίσυφος", "100%", "a_b", "a\\b", "café", "cafe", "cafe\u0301", "\u212aelvin", "kelvin", "x", "\u113c5", "\ua7c0",
     "ann@acme.test", "Bob@ACME.test", "+43 1 58858", "https://Acme.test/shop?id=7", "a b", "b, a", "a-b c"]
)  # fmt: skip
letters = st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"])
texts = (
    words | st.lists(words, min_size=2, max_size=3).map(" ".join) | st.text(letters, min_size=1, max_size=6)
).filter(lambda text: not text.isspace() and "{{" not in text and "{%" not in text)
shifts = st.sampled_from([0, 1, -1, 60, -60, 3_599, 3_600, -3_600, 7_200, 86_400, -86_400, 14 * 3_600, -90_000])
instants = st.builds(
    lambda edge, seconds, micro, days: edge + timedelta(days=days, seconds=seconds, microseconds=micro),
    st.sampled_from(EDGES),
    shifts,
    st.sampled_from([0, 0, 1, -1]),
    st.sampled_from([0, 0, 0, 1, -1, 7, -7, 30, 31, -365]),
) | st.datetimes(timezones=st.just(UTC))
days = instants.map(datetime.date) | st.sampled_from([date(2024, 2, 29), date(2023, 2, 28), date.min, date.max])
whole = st.sampled_from([0, 1, -1, 2, 3, 7, 2**63 - 1, -(2**63) + 1]) | st.integers(-5, 5)
exact = st.sampled_from(
    [Decimal("0.1"), Decimal("0.10"), Decimal("1"), Decimal("-0.3"), Decimal("999999999999999999.9999999999")]
)
decimals = exact | st.decimals(-3, 3, places=2).map(lambda number: number if number else abs(number))

named = st.fixed_dictionaries(
    {}, optional={"country": st.sampled_from(["AT", "DE"]), "region": words, "city": words.map(str.strip)}
)
degrees = st.sampled_from([0.0, 45.0, 48.2, 48.2082, 89.9, 90.0]) | st.floats(0, 90).map(lambda one: round(one, 7))
points = st.just({}) | st.builds(
    lambda latitude, longitude, north, east: {"latitude": latitude * north + 0.0, "longitude": longitude * east + 0.0},
    degrees, degrees, st.sampled_from([1, -1]), st.sampled_from([1, -1, 2, -2]),
)  # fmt: skip
circles = st.builds(
    lambda point, km: {**(point or {"latitude": 48.2, "longitude": 16.37}), "km": km},
    points, st.sampled_from([1, 25, 900.5, 5_000, 10_007.557, 20_000]),
)  # fmt: skip
inside = st.integers(0, 3) | st.none() | st.just(["name"]) | st.dictionaries(st.just("name"), st.none() | st.just("x"))

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": texts,
    "text": texts,
    "integer": whole,
    "decimal": decimals,
    "boolean": st.booleans(),
    "date": days,
    "datetime": instants,
    "picklist": st.sampled_from(OPTIONS),
    "multi_select": st.frozensets(st.sampled_from(OPTIONS), min_size=1),
    "currency": st.builds(
        "{} {}".format,
        st.sampled_from(["0", "1", "-1", "1.10", "1.20", "2.40", "999999999999999999.9999999999"]),
        st.sampled_from(["USD", "EUR", "CHF", "XXX"]),
    ),
    "geo": st.builds(lambda where, point: {**where, **point}, named, points).filter(bool).map(JsonObject),
    "json": st.dictionaries(st.sampled_from(["plan", "seats"]), inside, min_size=1),
}


def json_of(kind: str, value: Any) -> Any:
    """The form of a value in documents and in the database."""
    return TYPES[kind].dump(value)


@st.composite
def people(draw: st.DrawFn) -> dict[str, Any]:
    """What is stored of a lead: custom fields named by their types, columns, tags and lists."""
    fields = {}
    for kind, values in VALUES.items():
        value = draw(st.none() | values | values)
        if value is not None:
            fields[kind] = json_of(kind, value)
    zone = draw(st.sampled_from([None, "nowhere", *ZONES]))
    if zone:
        fields["timezone"] = zone
    return {
        "fields": fields,
        "first_name": draw(st.none() | texts),
        "score": draw(whole),
        "tags": sorted(draw(st.frozensets(st.sampled_from(["hot", "cold", "Hot"])))),
        "lists": sorted(draw(st.frozensets(st.sampled_from(["vips", "news", "gone"])))),
        "stage": draw(st.sampled_from([None, "customer", "vip"])),
        "owner": draw(st.booleans()),
        "company": draw(st.booleans()),
    }


#: What may be chosen of a field with options; stored is also what was an option once.
CHOICES = {
    "picklist": OPTIONS[:3],
    "multi_select": OPTIONS[:3],
    "stage": ["customer", "vip"],
    "owner": ["canary-acme@example.test"],
    "tags": ["hot", "cold"],
    "lists": ["vips", "news"],
}
#: Operands of operators that take something else than a value of the field's type.
lengths = st.integers(0, 8)
searches = st.sampled_from(
    ["ann", "AN*", '"a b"', "a -b", "a b", "straße x*", "café", "100%", "acme", ["b*", "-x a*"], "\u03a3\u0399*"]
)
OPERANDS: dict[str, st.SearchStrategy[Any]] = {
    "length_is": lengths,
    "length_less_than": lengths,
    "length_greater_than": lengths,
    "size_is": lengths,
    "size_at_least": lengths,
    "size_at_most": lengths,
    "day_of_week_is": st.integers(1, 7) | st.sampled_from(DAYS),
    "day_of_month_is": st.lists(st.integers(1, 31), min_size=1),
    "month_is": st.lists(st.integers(1, 12), min_size=1, max_size=6),
    "year_is": st.sampled_from([2010, 2011, 2018, 2024, 2026]),
    "at_hour": st.lists(st.integers(0, 23), min_size=1, max_size=12),
    "hour_between": st.lists(st.integers(0, 23), min_size=2, max_size=2),
    "anniversary_in_next_days": st.sampled_from([0, 1, 2, 40, 366]),
    "in_time_frame": st.sampled_from(FRAMES) | st.lists(st.sampled_from(FRAMES), min_size=1, max_size=2),
    "full_text_match": searches,
    "not_full_text_match": searches,
    "phone_is": st.sampled_from(["0043 1 58858", "+1 202 5550123"]),
    "phone_is_not": st.sampled_from(["0043 1 58858", "+1 202 5550123"]),
    "phone_country_is": st.sampled_from(["Austria", ["US", "de"]]),
    "url_is": st.sampled_from(["HTTPS://acme.test:443/shop?id=7#top", "http://acme.test"]),
    "url_is_not": st.sampled_from(["HTTPS://acme.test:443/shop?id=7#top", "http://acme.test"]),
    "currency_is": st.sampled_from(["eur", ["USD", "CHF"]]),
    "currency_is_not": st.sampled_from(["eur", ["USD", "CHF"]]),
    "country_is": st.sampled_from(["Austria", ["DE", "at"]]),
    "country_is_not": st.sampled_from(["Austria", ["DE", "at"]]),
    **dict.fromkeys(["region_is", "region_is_not", "city_is", "city_is_not"], words | st.lists(words, min_size=1)),
    "within_radius": circles,
    "not_within_radius": circles,
    "path_exists": st.sampled_from(["plan", "plan.name", "seats.0", ["plan.name.x", "seats"]]),
    "path_missing": st.sampled_from(["plan", "plan.name", "seats.0", ["plan.name.x", "seats"]]),
    "in_table": st.just("names"),
    "not_in_table": st.just("names"),
    "domain_is": st.sampled_from(["acme.test", "ACME.test", "test"]),
    "domain_is_not": st.sampled_from(["acme.test", "ACME.test", "test"]),
    "domain_ends_with": st.sampled_from(["acme.test", ".test", "test", "me.test"]),
    "country_code_is": st.sampled_from(["43", "+1"]),
    "host_is": st.sampled_from(["acme.test", "Acme.Test"]),
    "path_starts_with": st.sampled_from(["/", "/shop", "/x"]),
    "has_parameter": st.sampled_from(["id", "x"]),
    "matches_regex": st.sampled_from(["^a", "n+$", "[0-9]", "é"]),
    "not_matches_regex": st.sampled_from(["^a", "n+$", "[0-9]", "é"]),
}
periods = st.fixed_dictionaries(
    {"amount": st.integers(1, 40), "unit": st.sampled_from(["days", "weeks", "months", "years"])}
)


def operand_of(operator: Operator, field: str) -> st.SearchStrategy[Any]:
    """What stands in `value`."""
    special = OPERANDS.get(operator.name)
    if special is not None:
        return special
    kind = operator.type
    one = st.sampled_from(CHOICES[field]) if field in CHOICES else VALUES[kind].map(lambda value: json_of(kind, value))
    if operator.type == "datetime":
        one |= days.map(date.isoformat)
    return {
        Operand.NONE: st.none(),
        Operand.ONE: one,
        Operand.SOME: one | st.lists(one, min_size=1, max_size=3),
        Operand.LIST: st.lists(one, min_size=1, max_size=3),
        Operand.PAIR: st.lists(VALUES[kind], min_size=2, max_size=2).map(
            lambda pair: [json_of(kind, item) for item in sorted(pair)]
        ),
        Operand.PERIOD: periods,
    }[operator.operand]


SWITCHES: dict[str, st.SearchStrategy[Any]] = {
    "case": st.sampled_from(["sensitive", "insensitive"]),
    "accent": st.sampled_from(["sensitive", "insensitive"]),
    "zone": st.sampled_from([*ZONES, "lead"]),
    "calendar": st.booleans(),
    "leap_day": st.sampled_from(["february_28", "march_1"]),
}


@st.composite
def conditions(draw: st.DrawFn, operator: Operator, field: str) -> dict[str, Any]:
    """A condition with this operator, and some of the switches it has."""
    condition = {"field": field, "operator": operator.name}
    value = draw(operand_of(operator, field))
    if value is not None:
        condition["value"] = value
    for name in sorted(operator.family.switches):
        if draw(st.booleans()):
            condition[name] = draw(SWITCHES[name])
    null = {Nulls.NEGATIVE: "must_have_value", Nulls.ORDERING: "or_empty"}.get(operator.nulls)
    if null and draw(st.booleans()):
        condition[null] = True
    return condition
