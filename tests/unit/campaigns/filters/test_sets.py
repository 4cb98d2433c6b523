from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import campaign, lead, rulebook
from tests.unit.campaigns.filters.matching import MARK, asks, fault, matches


@pytest.mark.parametrize(
    ("operator", "value", "matching"),
    [
        ("contains_any_of", ["green", "red"], True),
        ("contains_any_of", "green", False),
        ("contains_all_of", ["blue", "red"], True),
        ("contains_all_of", ["blue", "green"], False),
        ("contains_none_of", ["green"], True),
        ("contains_none_of", ["green", "red"], False),
        ("is_exactly", ["red", "blue"], True),
        ("is_exactly", "red", False),
    ],
)
def test_sets_are_compared_as_sets(operator: str, value: Any, matching: bool) -> None:
    assert matches(asks("colours", operator, value), lead(colours=frozenset({"red", "blue"}))) is matching


def test_tags_and_lists_are_sets() -> None:
    assert matches(asks("tags", "contains_any_of", "hot"), lead(tags={"hot", "vip"}))
    assert matches(asks("lists", "is_exactly", "news"), lead(lists={"news"}))
    assert fault(asks("tags", "contains_any_of", "hott")) == "filter.value: 'hott' is not among the options"


def test_only_a_filter_on_lists_needs_memberships() -> None:
    assert rulebook(campaign(MARK, filter=asks("lists", "is_empty"))).needs_lists
    assert not rulebook(campaign(MARK, filter=asks("tags", "is_empty"))).needs_lists


def test_a_token_stands_for_a_whole_set() -> None:
    condition = asks("colours", "contains_all_of", "{{ lead.tags }}")

    assert matches(condition, lead(colours=frozenset({"red", "blue"}), tags={"red"}))
    assert not matches(condition, lead(colours=frozenset({"red", "blue"}), tags={"green"}))
    assert not matches(condition, lead(colours=frozenset({"red", "blue"})))
