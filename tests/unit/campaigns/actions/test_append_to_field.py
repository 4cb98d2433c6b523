from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.campaigns.acme import act, campaign, event, faults, lead, step


@pytest.mark.parametrize(
    ("old", "params", "new"),
    [
        (None, {"text": "a"}, "a"),
        ("a", {"text": "b"}, "a;b"),
        ("a", {"text": "a"}, "a;a"),
        ("a", {"text": "b", "separator": " "}, "a b"),
        ("a", {"text": "b", "separator": "\n"}, "a\nb"),
        ("a", {"text": "b", "unique": True}, "a;b"),
        ("a; c", {"text": "C;b;B", "unique": True}, "a; c;b"),
        ("ab", {"text": "b", "unique": True}, "ab;b"),
        ("a", {"text": "{{ event.shop }}"}, "a;web"),
        ("a", {"text": "{{ event.amount }}"}, "a;10.00"),
    ],
)
def test_the_text_stands_behind_what_was_there(old: str | None, params: dict[str, Any], new: str) -> None:
    who = lead() if old is None else lead(notes=old)

    data = act(who, "append_to_field", field="notes", on=event(shop="web"), **params)

    assert who.values["notes"] == new
    assert data == {"field": "notes", "old": old, "new": new, "outcome": "done"}


def test_a_piece_that_is_there_is_no_op_where_pieces_are_unique() -> None:
    who = lead(nickname="Ann; BOB")

    data = act(who, "append_to_field", field="nickname", text="bob", unique=True)

    assert data == {"outcome": "no_op", "reason": "the field has the text"}
    assert who.changed == set()


def test_a_token_without_a_value_is_skipped() -> None:
    data = act(lead(nickname="a"), "append_to_field", field="nickname", text="{{ event.shop }}")

    assert data == {"outcome": "skipped", "reason": "missing: there is no text to append"}


def test_a_text_that_gets_too_long_fails() -> None:
    who = lead(nickname="x" * 250)

    data = act(who, "append_to_field", field="nickname", text="12345")

    assert data == {
        "outcome": "failed",
        "reason": "nickname is 256 characters long, at most 255 are allowed; append less, or set overflow to truncate",
    }
    assert who.values["nickname"] == "x" * 250


def test_a_text_that_gets_too_long_is_cut_where_that_is_asked() -> None:
    who = lead(nickname="x" * 250)

    assert act(who, "append_to_field", field="nickname", text="12345", overflow="truncate")["outcome"] == "done"
    assert who.values["nickname"] == "x" * 250 + ";1234"
    assert act(who, "append_to_field", field="nickname", text="12345", overflow="truncate")["outcome"] == "no_op"


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"field": "total"}, "field: field 'total' is of type decimal number; expected text, one line or text, long"),
        ({"field": "crm_id"}, "field: field 'crm_id' is read-only"),
        ({"text": None}, "text: must not be null"),
        ({"text": " "}, "text: must not be blank"),
        ({"text": 3}, "text: expected text, got 3"),
        ({"text": "{{ lead.colours }}"}, "text: {{ lead.colours }} is of type several of a list; expected text"),
        ({"text": "Hello {{ lead.e_mail }}"}, "text: unknown field 'e_mail'; did you mean 'email'?"),
        ({"separator": ""}, "separator: expected a separator of 1 to 8 characters, got ''"),
        ({"separator": None}, "separator: expected a separator of 1 to 8 characters, got null"),
        ({"separator": "a\x00"}, "separator: must not contain a NUL character"),
        ({"separator": "123456789"}, "separator: expected a separator of 1 to 8 characters"),
        ({"unique": "yes"}, "unique: expected true or false, got 'yes'"),
        ({"overflow": "cut"}, "overflow: expected one of fail, truncate, got 'cut'"),
    ],
)
def test_bad_parameters_are_named(params: dict[str, Any], fault: str) -> None:
    found = faults(campaign(step("append_to_field", **({"field": "notes", "text": "a"} | params))))

    assert len(found) == 1
    assert f"steps[0].params.{fault}" in found[0]


def test_a_number_is_appended_in_its_json_form() -> None:
    who = lead(total=Decimal("0.10"))

    act(who, "append_to_field", field="notes", text="{{ lead.total }}")

    assert who.values["notes"] == "0.10"
