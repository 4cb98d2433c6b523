from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.campaigns.acme import act, campaign, faults, lead, step


@pytest.mark.parametrize(
    ("source", "value", "to", "copy"),
    [
        ("email", "ann@acme.test", "nickname", "ann@acme.test"),
        ("crm_id", "C1", "nickname", "C1"),
        ("notes", "short", "nickname", "short"),
        ("orders", 3, "total", Decimal(3)),
        ("total", Decimal("0.10"), "nickname", "0.10"),
        ("last_seen", datetime(2026, 3, 14, 23, 30, tzinfo=UTC), "birthday", date(2026, 3, 15)),
        ("birthday", date(2000, 2, 29), "notes", "2000-02-29"),
        ("nickname", "red", "colour", "red"),
        ("stage", "vip", "nickname", "vip"),
        ("score", 5, "orders", 5),
    ],
)
def test_the_value_is_copied_into_the_type_of_the_other_field(source: str, value: Any, to: str, copy: Any) -> None:
    who = lead(**{source: value})

    data = act(who, "copy_field", to=to, **{"from": source})

    assert who.values == {source: value, to: copy}
    assert type(who.values[to]) is type(copy)
    assert data["outcome"] == "done"
    assert data["old"] is None


def test_tags_are_copied_into_a_field_of_several_values() -> None:
    who = lead(tags={"red"})

    assert act(who, "copy_field", to="colours", **{"from": "tags"})["new"] == ["red"]
    assert act(lead(tags={"vip"}), "copy_field", to="colours", **{"from": "tags"})["outcome"] == "failed"


def test_an_equal_value_is_no_op() -> None:
    who = lead(nickname="Ann", notes="Ann")

    assert act(who, "copy_field", to="nickname", **{"from": "notes"}) == {"outcome": "no_op", "field": "nickname"}


def test_no_value_is_copied_too() -> None:
    who = lead(nickname="Ann")

    assert act(who, "copy_field", to="nickname", **{"from": "notes"})["new"] is None
    assert who.values == {}


def test_a_value_that_is_there_stays_if_asked() -> None:
    who = lead(nickname="Ann", notes="Bob")

    data = act(who, "copy_field", to="nickname", overwrite="if_empty", **{"from": "notes"})

    assert data == {"outcome": "no_op", "reason": "the field has a value"}
    assert who.values["nickname"] == "Ann"


def test_an_empty_field_is_filled_where_values_stay() -> None:
    who = lead(notes="Bob")

    act(who, "copy_field", to="nickname", overwrite="if_empty", **{"from": "notes"})

    assert who.values["nickname"] == "Bob"


@pytest.mark.parametrize(
    ("source", "value", "to", "reason"),
    [
        ("notes", "x" * 300, "nickname", "is 300 characters long, at most 255 are allowed"),
        ("nickname", "pink", "colour", "'pink' is not among the options"),
    ],
)
def test_a_value_that_does_not_fit_fails(source: str, value: str, to: str, reason: str) -> None:
    data = act(lead(**{source: value}), "copy_field", to=to, **{"from": source})

    assert data["outcome"] == "failed"
    assert data["reason"].startswith(f"field '{source}' is ")
    assert data["reason"].endswith(reason)


@pytest.mark.parametrize(
    ("to", "source", "fault"),
    [
        ("orders", "total", "from: field 'total' is of type decimal number; expected whole number"),
        ("birthday", "nickname", "from: field 'nickname' is of type text, one line; expected date"),
        ("last_seen", "birthday", "from: field 'birthday' is of type date; expected date and time"),
        ("colour", "colours", "from: field 'colours' is of type several of a list; expected one of a list"),
        ("nickname", "nickname", "from: field 'nickname' cannot be copied into itself"),
        ("nickname", "nicknam", "from: unknown field 'nicknam'; did you mean 'nickname'?"),
        ("nickname", 3, "from: expected the name of a field"),
        ("crm_id", "nickname", "to: field 'crm_id' is read-only"),
        ("score", "orders", "to: field 'score' is changed by the action change_score only"),
    ],
)
def test_what_cannot_be_copied_is_named(to: Any, source: Any, fault: str) -> None:
    found = faults(campaign(step("copy_field", to=to, **{"from": source})))

    assert found == [f"steps[0].params.{fault}"]


def test_both_fields_must_be_given() -> None:
    assert faults(campaign(step("copy_field", overwrite="never", value="x"))) == [
        "steps[0].params.value: action copy_field has no such parameter; known: from, overwrite, to",
        "steps[0].params.to: is missing: The field that takes the value",
        "steps[0].params.from: is missing: The field whose value it takes",
        "steps[0].params.overwrite: expected one of always, if_empty, got 'never'",
    ]
