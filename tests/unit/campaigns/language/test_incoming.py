from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.campaigns.acme import ACME

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def check(type: Any, data: Any) -> list[str]:
    return [str(fault) for fault in ACME.check_event(type, data)[1]]


def test_the_data_of_a_good_event_is_typed() -> None:
    data = {"cds": 2, "amount": Decimal("11.77"), "shop": " ", "paid_at": "1997-01-01T00:00:00Z"}

    typed, faults = ACME.check_event("purchase", data)

    assert faults == []
    assert typed == {"cds": 2, "amount": Decimal("11.77"), "paid_at": datetime(1997, 1, 1, tzinfo=UTC)}


def test_every_fault_is_named_at_once() -> None:
    found = check("purchase", {"cds": "many", "amuont": 1})

    assert found == [
        "data.cds: expected a whole number, got 'many'",
        "data.amuont: event type 'purchase' has no such attribute; did you mean 'amount'?",
        "data.amount: is required",
    ]


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_required_attribute_is_missing(blank: Any) -> None:
    assert check("signup", {"email": blank}) == ["data.email: is required"]


@pytest.mark.parametrize(
    ("type", "message"),
    [
        ("purchse", "type: unknown event type 'purchse'; did you mean 'purchase'?"),
        ("field.changed", "type: events of type 'field.changed' arise inside and cannot be sent"),
        (None, "type: expected the name of an event type"),
        ({}, "type: expected the name of an event type"),
    ],
)
def test_types_that_cannot_be_sent_are_refused(type: Any, message: str) -> None:
    assert check(type, {}) == [message]


def test_the_data_must_be_an_object() -> None:
    assert check("purchase", [1]) == ["data: expected an object with the event's attributes"]


@pytest.mark.parametrize(
    ("campaign", "messages"),
    [
        ("welcome", []),
        ("welcom", ["data.campaign: unknown campaign 'welcom'; did you mean 'welcome'?"]),
        ("old", ["data.campaign: campaign 'old' is paused; only an active campaign can be requested"]),
        ("silent", ["data.campaign: campaign 'silent' has no trigger campaign_requested; add one to it first"]),
    ],
)
def test_a_campaign_can_be_requested_from_outside(campaign: str, messages: list[str]) -> None:
    assert check("campaign.requested", {"campaign": campaign}) == messages


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_an_open_type_takes_what_it_does_not_declare() -> None:
    typed, faults = ACME.check_event("page_view", {"url": "/", "more": {"a": [1, 2.5, None]}})

    assert faults == []
    assert typed == {"url": "/", "more": {"a": [1, 2.5, None]}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (nested(21), "data: is nested more than 21 levels deep"),
        (nested(100_000), "data: is nested more than 21 levels deep"),
        ("x" * 64_000, "data: is larger than 64 kB"),
        ({"a": ["\x00"]}, "data.more.a[0]: must not contain a NUL character"),
        ({"\ud800": 1}, "data.more: must not contain half of a surrogate pair"),
        (10**5000, "data.more: is not a number that can be stored"),
        (float("nan"), "data.more: is not a number that can be stored"),
    ],
    ids=["deep", "very deep", "large", "nul", "surrogate", "large number", "nan"],
)
def test_what_cannot_be_stored_is_refused_wherever_it_is(value: Any, message: str) -> None:
    assert check("page_view", {"more": value}) == [message]


def test_twenty_levels_are_not_too_deep() -> None:
    assert check("page_view", {"more": nested(20)}) == []


@given(st.sampled_from(["purchase", "page_view", "signup", "campaign.requested", "?"]), JSON)
def test_no_data_is_an_exception(type: str, data: Any) -> None:
    typed, faults = ACME.check_event(type, data)

    assert faults or isinstance(typed, dict)
