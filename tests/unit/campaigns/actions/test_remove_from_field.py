from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.folding import fold
from campaigns.language.pieces import missing_pieces, without_pieces
from tests.unit.campaigns.acme import act, campaign, event, faults, lead, step


@pytest.mark.parametrize(
    ("old", "params", "new"),
    [
        ("a;b;c", {"text": "b"}, "a;c"),
        ("a; b; c", {"text": "A"}, "b; c"),
        ("a;b;a", {"text": "a"}, "b"),
        ("a;b;c", {"text": "c;a"}, "b"),
        ("a b", {"text": "b", "separator": " "}, "a"),
        ("a;web", {"text": "{{ event.shop }}"}, "a"),
        ("É;b", {"text": "é"}, "b"),
    ],
)
def test_the_pieces_are_gone(old: str, params: dict[str, Any], new: str) -> None:
    who = lead(notes=old)

    data = act(who, "remove_from_field", field="notes", on=event(shop="Web"), **params)

    assert who.values["notes"] == new
    assert data == {"field": "notes", "old": old, "new": new, "outcome": "done"}


def test_with_the_last_piece_the_field_has_no_value() -> None:
    who = lead(notes="a")

    data = act(who, "remove_from_field", field="notes", text="a")

    assert who.values == {}
    assert data["new"] is None


@pytest.mark.parametrize("old", [None, "ab;c", "É"])
def test_a_text_that_is_not_a_piece_of_the_field_is_no_op(old: str | None) -> None:
    who = lead() if old is None else lead(notes=old)

    data = act(who, "remove_from_field", field="notes", text="b;E")

    assert data == {"outcome": "no_op", "reason": "the field does not have the text"}
    assert who.changed == set()


def test_a_token_without_a_value_is_skipped() -> None:
    data = act(lead(notes="a"), "remove_from_field", field="notes", text="{{ event.shop }}")

    assert data == {"outcome": "skipped", "reason": "missing: there is no text to remove"}


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"field": "orders"}, "field: field 'orders' is of type whole number; expected text, one line or text, long"),
        ({"text": ""}, "text: must not be blank"),
        ({"separator": "{{now}}"}, "separator: expected a separator of 1 to 8 characters"),
    ],
)
def test_bad_parameters_are_named(params: dict[str, Any], fault: str) -> None:
    found = faults(campaign(step("remove_from_field", **({"field": "notes", "text": "a"} | params))))

    assert len(found) == 1
    assert f"steps[0].params.{fault}" in found[0]


PIECES = st.text("aAbBéÉ ß", min_size=1, max_size=4).filter(lambda piece: piece == piece.strip() != "")


@given(st.lists(PIECES, unique_by=fold, max_size=5), PIECES)
def test_what_was_appended_once_can_be_removed_again(pieces: list[str], piece: str) -> None:
    old = ";".join(pieces)
    missing = missing_pieces(piece, old, ";")

    if fold(piece) in map(fold, pieces):
        assert missing == []
    else:
        assert missing == [piece]
        assert without_pieces(";".join([*pieces, piece]), piece, ";") == old
        assert without_pieces(old, piece, ";") is None
