from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.jsonvalues import JsonObject
from campaigns.language.values import TYPES, cast, caster, dump

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("string", "Ann", "Ann"),
        ("string", " Ann ", " Ann "),
        ("string", "  ", None),
        ("string", "", None),
        ("text", "x" * 30_000, "x" * 30_000),
        ("integer", 3, 3),
        ("integer", "-3", -3),
        ("integer", Decimal("3.0"), 3),
        ("integer", 3.0, 3),
        ("decimal", 3, Decimal(3)),
        ("decimal", "11.770", Decimal("11.770")),
        ("decimal", Decimal("1E+2"), Decimal(100)),
        ("decimal", 11.77, Decimal("11.77")),
        ("decimal", Decimal("-0.0"), Decimal("0.0")),
        ("decimal", Decimal("1.000000000000"), Decimal(1)),
        ("boolean", True, True),
        ("boolean", "false", False),
        ("date", "2026-01-02", date(2026, 1, 2)),
        ("datetime", "2026-01-02T12:00:00Z", NOON),
        ("datetime", "2026-01-02 14:00:00+02:00", NOON),
        ("datetime", NOON.astimezone(timezone(timedelta(hours=5))), NOON),
        ("currency", "12.5 eur", "12.50 EUR"),
        ("currency", " 7.00  EUR", "7 EUR"),
        ("currency", "-0.00 USD", "0 USD"),
        ("currency", "0.1234567891 BTC", "0.1234567891 BTC"),
        ("currency", {"amount": Decimal("3.10"), "currency": "chf"}, "3.10 CHF"),
        ("currency", "  ", None),
        ("geo", {"country": "austria", "city": " Wien "}, JsonObject({"country": "AT", "city": "Wien"})),
        (
            "geo",
            {"latitude": Decimal("48.20820001"), "longitude": -0.0},
            JsonObject({"latitude": 48.2082, "longitude": 0.0}),
        ),
        ("geo", {"city": None}, None),
        ("picklist", "red", "red"),
        ("multi_select", ["b", "a", "b"], frozenset("ab")),
        ("multi_select", [], None),
    ],
)
def test_a_json_value_becomes_a_typed_one(kind: str, raw: Any, value: Any) -> None:
    typed = cast(kind, raw)

    assert typed == value
    assert type(typed) is type(value)


@pytest.mark.parametrize(
    ("kind", "raw", "message"),
    [
        ("string", 3, "expected text, got 3"),
        ("string", "x" * 256, "is 256 characters long, at most 255 are allowed"),
        ("string", "a\x00b", "must not contain a NUL character"),
        ("string", "a\ud800", "must not contain half of a surrogate pair"),
        ("text", "x" * 30_001, "is 30001 characters long"),
        ("integer", True, "expected a whole number, got true"),
        ("integer", "3.5", "expected a whole number, got '3.5'"),
        ("integer", 2.5, "expected a whole number, got 2.5"),
        ("integer", 2**63, "is out of range"),
        ("integer", Decimal("1E+999999"), "is out of range"),
        ("integer", Decimal("NaN"), "expected a whole number, got NaN"),
        ("integer", Decimal(1) / 3, "expected a whole number, got 0.333"),
        pytest.param("integer", 10**5000, "is out of range", id="large integer"),
        ("integer", "٣", "expected a whole number"),
        ("decimal", "abc", "expected a number, got 'abc'"),
        ("decimal", True, "expected a number, got true"),
        ("decimal", "1e5", "expected a number, got '1e5'"),
        ("decimal", 10**18, "is out of range"),
        pytest.param("decimal", 10**5000, "expected a number, got a very large number", id="large decimal"),
        ("decimal", Decimal("NaN"), "expected a number, got NaN"),
        ("decimal", float("inf"), "expected a number, got Infinity"),
        ("decimal", Decimal("1E-11"), "has more than 10 decimal places"),
        ("decimal", 0.1 + 0.2, "is a float of more than 15 digits"),
        ("boolean", 1, "expected true or false, got 1"),
        ("date", "2026-02-30", "is no day of the calendar"),
        ("date", "20260101", "expected a date like 2026-01-31, got '20260101'"),
        ("date", NOON, "expected a date"),
        ("datetime", "2026-01-02T12:00:00", "needs an offset"),
        ("datetime", "2026-01-02T25:00:00Z", "is no time"),
        ("datetime", "0001-01-01T00:00:00+14:00", "is outside the years 1 to 9999"),
        ("datetime", "2026-01-02", "expected a time like"),
        ("currency", "12 euros", "expected an amount with its currency, such as 12.50 EUR"),
        ("currency", 12, "expected an amount with its currency, such as 12.50 EUR"),
        ("currency", "12", "expected an amount with its currency, such as 12.50 EUR"),
        ("currency", "1e5 EUR", "expected an amount with its currency, such as 12.50 EUR"),
        ("geo", "Wien", "expected a JSON object"),
        ("geo", {"town": "Wien"}, "has 'town'; expected some of country, region, city"),
        ("geo", {"latitude": 48}, "has one of latitude and longitude"),
        ("geo", {"latitude": 91, "longitude": 0}, "expected a latitude from -90 to 90"),
        ("geo", {"latitude": "48", "longitude": 0}, "expected a latitude from -90 to 90"),
        ("geo", {"country": "Mars"}, "expected the English name of a country"),
        ("geo", {"city": 3}, "expected text in city"),
        ("multi_select", "red", "expected a list of texts, got 'red'"),
        ("multi_select", [1], "expected text, got 1"),
        ("multi_select", ["x"] * 201, "has 201 items"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(kind: str, raw: Any, message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        cast(kind, raw)

    assert message in str(refusal.value)


def test_null_is_null_in_every_type() -> None:
    assert [cast(kind, None) for kind in TYPES] == [None] * len(TYPES)
    assert [dump(kind, None) for kind in TYPES] == [None] * len(TYPES)


def test_each_value_has_one_json_form() -> None:
    assert dump("decimal", Decimal("0.0000001")) == "0.0000001"
    assert dump("date", date(2026, 1, 2)) == "2026-01-02"
    assert dump("datetime", NOON) == "2026-01-02T12:00:00Z"
    assert dump("multi_select", frozenset("ba")) == ["a", "b"]


def test_a_choice_must_be_among_the_options() -> None:
    read = caster("multi_select", frozenset({"red"}))

    assert read(["red"]) == {"red"}
    with pytest.raises(ValueError, match="'blue' is not among the options"):
        read(["red", "blue"])


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=10, allow_nan=False))
def test_decimals_survive_being_dumped_and_cast(number: Decimal) -> None:
    assert cast("decimal", dump("decimal", cast("decimal", number))) == number


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=10), st.integers(-(10**17), 10**17))
def test_sums_of_decimals_are_exact(number: Decimal, other: int) -> None:
    total = cast("decimal", number) + cast("decimal", other)

    assert total - other == number
    assert int(total * 10**10) == int(number * 10**10) + other * 10**10 or abs(total) > 10**17


@given(
    st.sampled_from(sorted(TYPES)),
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists),
)
def test_a_cast_gives_a_value_or_a_value_error(kind: str, raw: Any) -> None:
    try:
        value = cast(kind, raw)
    except ValueError as refusal:
        assert str(refusal)
    else:
        assert cast(kind, dump(kind, value)) == value
