"""Amounts of money are compared in the tenant's currency, by the rate of the day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.money import money_of, rate_of, worth
from campaigns.language.values import cast
from tests.unit.campaigns.acme import ACME, act, event, lead
from tests.unit.campaigns.filters.matching import asks, fault, matches

#: Acme counts in dollars. A euro is worth 1.10 of them, and 1.20 from 15 March on; a franc 1.25 from the 16th.
SATURDAY, SUNDAY, MONDAY = (datetime(2026, 3, day, 12, tzinfo=UTC) for day in (14, 15, 16))


@pytest.mark.parametrize(
    ("deal", "operator", "value", "found"),
    [
        ("100 EUR", "is", "120 USD", True),
        ("100 EUR", "is", 120, True),
        ("100 EUR", "is", ["1 USD", "100.00 eur"], True),
        ("100 EUR", "is_not", 120, False),
        ("100 EUR", "is_any_of", [1, 120], True),
        ("100 EUR", "is_none_of", [1, 120], False),
        ("100 EUR", "greater_than", "119.99 USD", True),
        ("100 EUR", "greater_than", 120, False),
        ("100 EUR", "at_least", 120, True),
        ("1 USD", "less_than", "0.84 EUR", True),
        ("1 USD", "at_most", "0.83 EUR", False),
        ("100 EUR", "between", ["90 EUR", "120 USD"], True),
        ("100 EUR", "between", ["130 USD", "90 EUR"], False),
        ("100 EUR", "not_between", [121, 130], True),
        ("100 CHF", "is", "100 CHF", False),
        ("100 CHF", "is_not", "100 CHF", True),
        ("100 CHF", "less_than", "1000000 USD", False),
        ("100 EUR", "less_than", "1000000 CHF", False),
        ("100 CHF", "not_between", [0, 1], True),
        ("100 EUR", "currency_is", ["usd", "eur"], True),
        ("100 EUR", "currency_is", "USD", False),
        ("100 EUR", "currency_is_not", "USD", True),
    ],
)
def test_amounts_are_compared_by_what_they_are_worth(deal: str, operator: str, value: Any, found: bool) -> None:
    assert matches(asks("deal", operator, value), lead(deal=cast("currency", deal)), now=SUNDAY) is found


@pytest.mark.parametrize(("now", "worth_120"), [(SATURDAY, False), (SUNDAY, True), (MONDAY, True)])
def test_the_rate_is_that_of_the_day(now: datetime, worth_120: bool) -> None:
    assert matches(asks("deal", "at_least", 120), lead(deal="100 EUR"), now=now) is worth_120


def test_a_day_is_the_tenants() -> None:
    late = datetime(2026, 3, 14, 23, tzinfo=UTC)  # midnight in Berlin

    assert matches(asks("deal", "at_least", 120), lead(deal="100 EUR"), now=late)


def test_an_amount_without_a_rate_has_a_value_all_the_same() -> None:
    asked = asks("deal", "greater_than", 1, or_empty=True)

    assert not matches(asked, lead(deal="100 XXX"))
    assert matches(asked, lead())
    assert matches(asks("deal", "is_not", 1, must_have_value=True), lead(deal="100 XXX"))


@given(st.decimals(-(10**17), 10**17, places=10), st.decimals(-(10**17), 10**17, places=10))
def test_nothing_is_rounded(one: Decimal, other: Decimal) -> None:
    day = date(2026, 3, 15)
    euros = [worth(money_of(f"{amount:f} EUR"), ACME, day) for amount in (one, other)]

    assert (euros[0] < euros[1]) is (one < other)
    assert (euros[0] == euros[1]) is (one == other)


def test_there_is_no_rate_before_the_first_day() -> None:
    assert rate_of("EUR", ACME, date(2025, 12, 31)) is None
    assert rate_of("EUR", ACME, date(2026, 3, 14)) == Decimal("1.1")
    assert rate_of("USD", ACME, date(1990, 1, 1)) == 1


def test_an_amount_comes_from_a_literal_a_text_or_a_token() -> None:
    who = lead()

    assert act(who, "change_field", field="deal", value="12.5 eur")["new"] == "12.50 EUR"
    assert act(who, "change_field", field="deal", value="12.50 EUR")["outcome"] == "no_op"
    assert act(who, "change_field", field="deal", value="{{ event.shop }}", on=event(shop="7 chf"))["new"] == "7 CHF"
    assert act(who, "change_field", field="deal", value="{{ event.shop }}", on=event(shop="x"))["outcome"] == "failed"
    assert act(who, "change_field", field="notes", value="{{ lead.deal }}")["new"] == "7 CHF"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (asks("deal", "is", "12"), "filter.value: expected an amount with its currency, such as 12.50 EUR"),
        (asks("deal", "is", True), "filter.value: expected an amount with its currency, such as 12.50 EUR"),
        (asks("deal", "currency_is", "Euro"), "filter.value: expected the three letters of a currency"),
    ],
)
def test_a_condition_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)
