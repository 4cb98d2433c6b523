"""How many bundles of one database a node may have in work."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.budget import in_words, made_room, may_have_more, node_budget

DATABASES = ["default", "second"]
held = st.lists(st.sampled_from(DATABASES), max_size=8)


@pytest.mark.parametrize(("slots", "databases", "budget"), [(4, 1, 4), (4, 2, 3), (4, 9, 3), (2, 2, 1), (1, 2, 1)])
def test_a_database_that_hangs_leaves_a_slot_to_the_others(slots: int, databases: int, budget: int) -> None:
    assert node_budget(0, slots, databases) == budget


def test_who_sets_a_budget_gets_it() -> None:
    assert node_budget(2, 8, 1) == node_budget(2, 8, 3) == 2


def test_a_database_with_its_budget_in_work_gets_no_more() -> None:
    in_work = ["second", "default", "second"]

    assert may_have_more(in_work, DATABASES, 2) == {"default": True, "second": False}
    assert may_have_more(in_work, DATABASES, 3) == {"default": True, "second": True}


@given(returned=held, left=held, budget=st.integers(1, 5))
def test_room_is_told_exactly_where_there_was_none(returned: list[str], left: list[str], budget: int) -> None:
    before = may_have_more(returned + left, DATABASES, budget)
    now = may_have_more(left, DATABASES, budget)

    assert made_room(returned, left, budget) == [name for name in DATABASES if now[name] and not before[name]]


def test_people_see_what_is_in_work_and_what_limits_it() -> None:
    shown = in_words(Counter(default=2, second=1), 3, {"default": 0, "second": 1})

    assert shown == {"default": {"in_work": 2, "budget": 3}, "second": {"in_work": 1, "budget": 3, "limit": 1}}
