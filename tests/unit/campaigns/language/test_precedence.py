from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.precedence import AFTER_LIMIT, Place, comes_after, in_order
from tests.unit.campaigns.acme import ACME, campaign, faults, lead, outcomes, rulebook, run, schema, step


def place(key: str, position: int = 0, *after: str, id: int = 0, priority: int = 1) -> Place:
    return Place(priority, position, id or ord(key[0]), key, frozenset(after))


@st.composite
def places(draw: st.DrawFn, *, circles: bool) -> list[Place]:
    """Campaigns that come after others; after earlier ones only, unless circles are wanted."""
    size = draw(st.integers(0, 12))
    found = []
    for number in range(size):
        known = [f"c{other}" for other in range(size if circles else number) if other != number]
        after = draw(st.frozensets(st.sampled_from(known), max_size=4)) if known else frozenset()
        classes = st.integers(0, 2)
        found.append(
            Place(draw(classes), draw(st.integers(0, 3)), draw(st.integers(0, 99)) * 100 + number, f"c{number}", after)
        )
    return draw(st.permutations(found))


@given(places(circles=False), st.randoms())
def test_every_campaign_comes_behind_those_it_is_after_and_else_by_place(found: list[Place], chance: Any) -> None:
    keys = in_order(found)
    ranks = {key: rank for rank, key in enumerate(keys)}
    again = list(found)
    chance.shuffle(again)

    assert sorted(keys) == sorted(one.key for one in found)
    assert all(ranks[other] < ranks[one.key] for one in found for other in one.after)
    assert in_order(again) == keys
    done: set[str] = set()
    for key in keys:  # of those that nobody holds up, the first by priority, position and age
        free = [one for one in found if one.key not in done and one.after <= done]
        assert min(free).key == key
        done.add(key)


@given(places(circles=True))
def test_a_circle_loses_nobody(found: list[Place]) -> None:
    assert sorted(in_order(found)) == sorted(one.key for one in found)


def test_without_after_priority_then_position_then_age_decide() -> None:
    high, low = place("d", 9, priority=0), place("e", -9, priority=2)
    assert in_order([low, place("c", 1), place("b", 0, id=9), place("a", 0, id=10), high]) == ["d", "b", "a", "c", "e"]


def test_after_is_stronger_than_priority() -> None:
    assert in_order([place("a", 0, "b", priority=0), place("b", priority=2)]) == ["b", "a"]


def test_who_is_after_nobody_that_runs_is_held_up_by_nobody() -> None:
    assert in_order([place("a", 0, "gone"), place("b", 1)]) == ["a", "b"]


def test_a_campaign_comes_after_another_also_by_those_between() -> None:
    follows = {"c": frozenset({"b"}), "b": frozenset({"a"})}

    assert comes_after(follows, "c", "a")
    assert not comes_after(follows, "a", "c")


def test_on_one_event_campaigns_run_in_their_order() -> None:
    double = campaign(step("compute_field", "double", field="orders", expression="(lead.orders ?? 0) * 2"))
    add = campaign(step("increment_number", "add", field="orders", by=1))
    alone, first = lead(orders=5), lead(orders=5)

    run(rulebook(double=double, add=add), alone)
    rows = run(rulebook(double={**double, "after": ["add"]}, add=add, tenant=RUNNING), first)

    assert (alone.values["orders"], first.values["orders"]) == (11, 12)
    assert [step for step, _, _ in outcomes(rows)] == ["add", "double"]


RUNNING = schema(campaigns={"add": "active", "double": "active"})


def after(*keys: Any, follows: dict[str, frozenset[str]] | None = None) -> list[str]:
    tenant = schema(follows=follows)
    return faults(campaign(step("add_note", text="hi"), after=list(keys)), tenant, key="mine")


def test_after_names_campaigns_that_are_there() -> None:
    assert after("welcome", "old") == []
    assert after("welcom") == ["after[0]: unknown campaign 'welcom'; did you mean 'welcome'?"]
    assert after("mine") == ["after[0]: a campaign cannot come after itself"]
    assert after(7) == ["after[0]: expected the key of a campaign, got 7"]


@pytest.mark.parametrize("raw", ["welcome", {"welcome": 1}, ["welcome"] * (AFTER_LIMIT + 1)])
def test_after_is_a_list_of_bounded_length(raw: Any) -> None:
    [said] = faults(campaign(step("add_note", text="hi"), after=raw), ACME, key="mine")

    assert said.startswith(f"after: expected a list of at most {AFTER_LIMIT} keys of campaigns")


def test_a_circle_is_a_fault() -> None:
    follows = {"welcome": frozenset({"old"}), "old": frozenset({"mine"})}

    said = "after[0]: the campaigns would come after each other in a circle: mine → welcome → old → mine"
    assert after("welcome", follows=follows) == [said]
    assert after("silent", follows=follows) == []
