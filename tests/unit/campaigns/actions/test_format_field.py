from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.unit.campaigns.acme import act, campaign, faults, lead, step


@pytest.mark.parametrize(
    ("old", "transforms", "new"),
    [
        ("  Ann ", ["trim"], "Ann"),
        ("Ann  \t Lee", ["collapse_spaces"], "Ann Lee"),
        ("Ann", ["upper"], "ANN"),
        ("ANN", ["lower"], "ann"),
        ("ann-marie O'NEIL", ["title"], "Ann-Marie O'Neil"),
        ("(030) 12", ["digits"], "03012"),
        ("030 1234567", [{"e164": "49"}], "+49301234567"),
        ("+49 30 1234567", ["e164"], "+49301234567"),
        ("united kingdom", ["country"], "GB"),
        ("31.01.2026", [{"date": "DD.MM.YYYY"}], "2026-01-31"),
        ("  ANN   lee ", ["trim", "collapse_spaces", "lower", "title"], "Ann Lee"),
        ("usa", ["country", "lower"], "us"),
    ],
)
def test_the_text_takes_the_form_in_the_order_given(old: str, transforms: list[Any], new: str) -> None:
    who = lead(nickname=old)

    data = act(who, "format_field", field="nickname", transforms=transforms)

    assert data == {"field": "nickname", "old": old, "new": new, "outcome": "done"}


def test_the_result_may_go_into_another_field() -> None:
    who = lead(nickname="1/2/2026", notes="Red ")

    act(who, "format_field", field="nickname", transforms=[{"date": "M/D/YYYY"}], into="birthday")
    act(who, "format_field", field="notes", transforms=["trim", "lower"], into="colour")

    assert who.values == {"nickname": "1/2/2026", "notes": "Red ", "birthday": date(2026, 1, 2), "colour": "red"}


def test_a_text_that_has_the_form_is_no_op() -> None:
    data = act(lead(nickname="Ann"), "format_field", field="nickname", transforms=["trim", "title"])

    assert data == {"outcome": "no_op", "field": "nickname"}


def test_a_field_without_a_value_is_no_op() -> None:
    data = act(lead(), "format_field", field="nickname", transforms=["trim"])

    assert data == {"outcome": "no_op", "reason": "the field has no value"}


@pytest.mark.parametrize(
    ("transforms", "into", "reason"),
    [
        (["digits"], "nickname", "expected digits"),
        ([{"e164": "49"}], "nickname", "expected a phone number such as +49 30 1234567"),
        (["e164"], "nickname", 'expected a phone number with its country code; or give one, as in {"e164": "49"}'),
        (["country"], "nickname", "expected the English name of a country, or its two letters of ISO 3166"),
        ([{"date": "YYYY-MM-DD"}], "nickname", "expected a date like YYYY-MM-DD"),
        (["trim"], "birthday", "expected a date like 2026-01-31, got 'soon'"),
        (["trim"], "colour", "'soon' is not among the options"),
    ],
)
def test_a_text_that_cannot_be_read_stays_and_says_why(transforms: list[Any], into: str, reason: str) -> None:
    who = lead(nickname="soon")
    params = {"field": "nickname", "transforms": transforms, "into": into}

    skipped = act(who, "format_field", **params)
    failed = act(who, "format_field", **params, unparsable="fail")

    assert skipped == {"outcome": "skipped", "reason": f"policy: nickname is 'soon': {reason}"}
    assert failed == {"outcome": "failed", "reason": f"nickname is 'soon': {reason}"}
    assert who.changed == set()


def test_a_text_that_grows_too_long_cannot_be_written() -> None:
    who = lead(nickname="ß" * 200)

    data = act(who, "format_field", field="nickname", transforms=["upper"], unparsable="fail")

    assert data["outcome"] == "failed"
    assert data["reason"].endswith("is 400 characters long, at most 255 are allowed")


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"field": "total"}, "field: field 'total' is of type decimal number; expected text"),
        ({"into": "orders"}, "into: field 'orders' is of type whole number; expected text"),
        ({"into": "crm_id"}, "into: field 'crm_id' is read-only"),
        ({"transforms": "trim"}, "transforms: expected a list of 1 to 20 transforms, got 'trim'"),
        ({"transforms": []}, "transforms: expected a list of 1 to 20 transforms, got a list"),
        ({"transforms": ["trim"] * 21}, "transforms: expected a list of 1 to 20 transforms"),
        ({"transforms": ["trim", "tirm"]}, "transforms[1]: unknown transform 'tirm'; known: trim, collapse_spaces"),
        ({"transforms": [3]}, "transforms[0]: unknown transform 3"),
        ({"transforms": [{"trim": True}]}, "transforms[0]: unknown transform an object"),
        ({"transforms": ["date"]}, "transforms[0]: unknown transform 'date'; known: trim"),
        ({"transforms": [{"e164": 49}]}, "transforms[0]: expected a country calling code of 1 to 3 digits as text"),
        ({"transforms": [{"e164": "+49"}]}, "transforms[0]: expected a country calling code of 1 to 3 digits"),
        ({"transforms": [{"date": "dd.mm.yy"}]}, "transforms[0]: expected a pattern with one YYYY"),
        ({"transforms": [{"date": None}]}, "transforms[0]: expected a pattern such as DD.MM.YYYY, got null"),
        ({"unparsable": "clear"}, "unparsable: expected one of skip, fail, got 'clear'"),
    ],
)
def test_bad_parameters_are_named(params: dict[str, Any], fault: str) -> None:
    found = faults(campaign(step("format_field", **({"field": "nickname", "transforms": ["trim"]} | params))))

    assert len(found) == 1
    assert f"steps[0].params.{fault}" in found[0]
