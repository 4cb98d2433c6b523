from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.folding import fold
from tests.unit.campaigns.acme import lead
from tests.unit.campaigns.filters.matching import asks, fault, matches


@pytest.mark.parametrize(
    ("operator", "value", "matching"),
    [
        ("is", "ann smith", True),
        ("is", "ann", False),
        ("is_not", "Ann Smith", False),
        ("is_any_of", ["bob", "ANN SMITH"], True),
        ("is_none_of", ["bob", "ANN SMITH"], False),
        ("starts_with", "ANN", True),
        ("not_starts_with", "ann", False),
        ("ends_with", "smith", True),
        ("not_ends_with", "Smit", True),
        ("contains", "N S", True),
        ("not_contains", "n s", False),
    ],
)
def test_texts_are_compared_blind_to_case(operator: str, value: Any, matching: bool) -> None:
    assert matches(asks("nickname", operator, value), lead(nickname="Ann Smith")) is matching


@pytest.mark.parametrize(
    ("one", "other"),
    [("ÄRGER", "ärger"), ("e\u0301te", "\u00e9te"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ẞ", "ß"), ("\u212b", "å")],
)
def test_composed_and_folded_forms_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("straße", "strasse"), ("é", "e"), ("İ", "i"), ("ﬁ", "fi")])
def test_one_character_never_becomes_two_and_accents_count(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_case_can_be_made_to_count() -> None:
    assert not matches(asks("nickname", "is", "ann", case="sensitive"), lead(nickname="Ann"))
    assert matches(asks("nickname", "is", "e\u0301", case="sensitive"), lead(nickname="\u00e9"))


def test_accents_can_be_made_not_to_count() -> None:
    assert matches(asks("nickname", "contains", "BJORK", accent="insensitive"), lead(nickname="Björk G."))
    assert not matches(
        asks("nickname", "contains", "BJORK", accent="insensitive", case="sensitive"), lead(nickname="Björk G.")
    )


def test_long_texts_have_the_operators_of_long_texts() -> None:
    assert matches(asks("notes", "contains", "needle"), lead(notes="hay " * 1000 + "NEEDLE"))
    assert "unknown operator 'is' for text, long; known: contains" in fault(asks("notes", "is", "x"))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (asks("nickname", "is"), "filter.value: expected one value or a list of them, none of them empty, got null"),
        (asks("nickname", "is", ""), "filter.value: expected one value or a list of them, none of them empty"),
        (asks("nickname", "is", []), "filter.value: expected one value"),
        (asks("nickname", "is", ["a", 3]), "filter.value[1]: expected text, got 3"),
        (asks("nickname", "is_any_of", "a"), "filter.value: expected a list of values"),
        (asks("nickname", "is", "a", case="upper"), "filter.case: expected one of insensitive, sensitive, got 'upper'"),
        (asks("nickname", "is", "a", zone="Europe/Berlin"), "filter.zone: has no meaning with is on text, one line"),
        (asks("nickname", "is_empty", "a"), "filter.value: is_empty takes no value"),
        ({"field": "nickname"}, "filter.operator: names no operator; known: contains"),
    ],
)
def test_a_filter_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)


def test_the_value_may_be_a_token() -> None:
    same = asks("nickname", "is", "{{ event.shop }}")

    assert matches(same, lead(nickname="web"), shop="WEB")
    assert not matches(same, lead(nickname="web"))
    assert matches(asks("nickname", "is_not", "{{ event.shop }}"), lead(nickname="web"))
    assert matches(asks("nickname", "is_any_of", ["x", "{{ event.shop }}"]), lead(nickname="web"), shop="web")
