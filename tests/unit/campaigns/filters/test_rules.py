"""The rules that hold for every operator, by their numbers in the filter reference."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.filters import OPERATORS
from campaigns.language.operator import Nulls, Operand, Operator
from tests.unit.campaigns.acme import lead
from tests.unit.campaigns.filters.matching import asks, fault, matches

FIELD = {
    "string": "nickname",
    "text": "notes",
    "integer": "orders",
    "decimal": "total",
    "boolean": "newsletter",
    "date": "birthday",
    "datetime": "last_seen",
    "picklist": "colour",
    "multi_select": "colours",
    "json": "profile",
    "currency": "deal",
    "geo": "home",
}
SAMPLE = {
    "string": "ann",
    "text": "ann",
    "integer": 1,
    "decimal": "1.5",
    "date": "2026-01-01",
    "datetime": "2026-01-01T00:00:00Z",
    "picklist": "red",
    "multi_select": "red",
    "currency": "5 USD",
    "geo": "Vienna",
}
#: Operands of operators that take something else than a value of the type.
NAMED = {
    "length": 3,
    "size": 2,
    "day_of": 1,
    "month_is": 2,
    "year_is": 2026,
    "at_hour": 9,
    "hour_between": [9, 17],
    "anniversary": 7,
    "in_time_frame": "this_week",
    "in_table": "regions",
    "not_in_table": "regions",
    "country_code": "43",
    "phone_country": "Austria",
    "phone_is": "+43 1 58858",
    "url_is": "https://acme.test/",
    "path_": "plan.name",
    "currency_is": "EUR",
    "country_is": "Austria",
    "within": {"latitude": 48.2, "longitude": 16.37, "km": 25},
    "not_within": {"latitude": 48.2, "longitude": 16.37, "km": 25},
}


def sample(operator: Operator) -> Any:
    """An operand that the operator takes."""
    named = [value for name, value in NAMED.items() if operator.name.startswith(name)]
    if named:
        return named[0]
    one = SAMPLE.get(operator.type)
    return {
        Operand.NONE: None,
        Operand.PERIOD: {"amount": 3, "unit": "days"},
        Operand.PAIR: [one, one],
        Operand.LIST: [one],
    }.get(operator.operand, one)


def of(nulls: Nulls) -> list[Any]:
    return [pytest.param(entry, id=f"{entry.type}.{entry.name}") for entry in OPERATORS if entry.nulls is nulls]


def asking(operator: Operator, **switches: Any) -> dict[str, Any]:
    return asks(FIELD[operator.type], operator.name, sample(operator), **switches)


@pytest.mark.parametrize("operator", of(Nulls.POSITIVE))
def test_r2_a_positive_operator_never_matches_null(operator: Operator) -> None:
    assert not matches(asking(operator))


@pytest.mark.parametrize("operator", of(Nulls.NEGATIVE))
def test_r2_a_negative_operator_matches_null_unless_a_value_is_asked_for(operator: Operator) -> None:
    assert matches(asking(operator))
    assert not matches(asking(operator, must_have_value=True))


@pytest.mark.parametrize("operator", of(Nulls.ORDERING))
def test_r3_an_ordering_operator_matches_null_only_when_told_to(operator: Operator) -> None:
    assert not matches(asking(operator))
    assert matches(asking(operator, or_empty=True))


@pytest.mark.parametrize("kind", FIELD)
def test_r1_null_is_empty(kind: str) -> None:
    assert matches(asks(FIELD[kind], "is_empty"))
    assert not matches(asks(FIELD[kind], "is_not_empty"))


@pytest.mark.parametrize(
    ("field", "value"), [("orders", 0), ("total", Decimal(0)), ("newsletter", False)], ids=["0", "0.0", "false"]
)
def test_r1_zero_and_false_are_values(field: str, value: Any) -> None:
    who = lead(**{field: value})

    assert matches(asks(field, "is_not_empty"), who)


@pytest.mark.parametrize("field", ["tags", "lists"])
def test_r1_no_tags_and_no_lists_are_empty(field: str) -> None:
    assert matches(asks(field, "is_empty"))
    assert matches(asks(field, "is_not_empty"), lead(tags={"hot"}, lists={"vips"}))


def test_r1_a_blank_attribute_is_absent() -> None:
    assert matches({"event": "shop", "operator": "is_empty"}, shop="  ")


@pytest.mark.parametrize("operator", [*of(Nulls.POSITIVE), *of(Nulls.ORDERING)])
def test_a_switch_without_meaning_is_a_fault(operator: Operator) -> None:
    assert "must_have_value: has no meaning with" in fault(asking(operator, must_have_value=True))


def test_r7_several_values_are_or_in_a_positive_operator_and_neither_in_a_negative_one() -> None:
    who = lead(nickname="Ann", orders=3)

    assert matches(asks("nickname", "starts_with", ["b", "a"]), who)
    assert not matches(asks("nickname", "not_starts_with", ["b", "a"]), lead(nickname="Ann"))
    assert matches(asks("nickname", "not_starts_with", ["b", "c"]), lead(nickname="Ann"))
    assert matches(asks("orders", "is", [1, 3]), lead(orders=3))
    assert not matches(asks("orders", "is_not", [1, 3]), lead(orders=3))


NEGATIONS = [
    ("is_not", "is"),
    ("is_none_of", "is_any_of"),
    ("not_starts_with", "starts_with"),
    ("not_ends_with", "ends_with"),
    ("not_contains", "contains"),
]


@pytest.mark.parametrize(("negative", "positive"), NEGATIONS)
@settings(max_examples=30)
@given(
    value=st.none() | st.text(min_size=1, max_size=5),
    wanted=st.text(min_size=1, max_size=3).filter(lambda text: "{" not in text),
)
def test_a_negative_operator_is_the_opposite_of_its_positive_one(
    negative: str, positive: str, value: str | None, wanted: str
) -> None:
    if any(not text.strip() or "\x00" in text or not is_storable(text) for text in (value or "x", wanted)):
        return
    values = {} if value is None else {"nickname": value}
    many: Any = [wanted] if positive == "is_any_of" else wanted

    assert matches(asks("nickname", negative, many), lead(**values)) is not matches(
        asks("nickname", positive, many), lead(**values)
    )


def is_storable(text: str) -> bool:
    return text.isascii() or text.encode(errors="replace").decode() == text


@settings(max_examples=30)
@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5))
def test_numbers_are_ordered_as_numbers_are(value: int, low: int, high: int) -> None:
    who = {"orders": value}

    assert matches(asks("orders", "greater_than", low), lead(**who)) is (value > low)
    assert matches(asks("orders", "at_most", low), lead(**who)) is (value <= low)
    if low <= high:
        assert matches(asks("orders", "between", [low, high]), lead(**who)) is (low <= value <= high)
        assert matches(asks("orders", "not_between", [low, high]), lead(**who)) is not (low <= value <= high)


def test_r5_a_filter_is_evaluated_in_its_zone() -> None:
    who = {"last_seen": datetime(2026, 3, 14, 23, 30, tzinfo=UTC)}  # the 15th in Berlin and Tokyo, the 14th in New York

    assert matches(asks("last_seen", "is", "2026-03-15"), lead(**who))
    assert matches(asks("last_seen", "is", "2026-03-15", zone="Asia/Tokyo"), lead(**who))
    assert matches(asks("last_seen", "is", "2026-03-14", zone="America/New_York"), lead(**who))
    assert not matches(asks("last_seen", "is", "2026-03-14"), lead(**who))


def test_r5_a_date_is_a_calendar_day_whatever_the_zone() -> None:
    assert matches(asks("birthday", "is", "2026-03-14", zone="Asia/Tokyo"), lead(birthday=date(2026, 3, 14)))
