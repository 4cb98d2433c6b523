from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from campaigns.exchange.comparison import Change, Difference, compare, steps_by_id, triggers_by_id


def step(id: str, by: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": id, "action": "increment_number", "params": {"field": "orders", "by": by}, **more}


def document(*steps: Any, **parts: Any) -> dict[str, Any]:
    return {"triggers": [{"type": "event", "event": "purchase"}], "steps": list(steps), **parts}


def told(old: Any, new: Any) -> list[tuple[str, str, str]]:
    return [(change.what, change.kind, change.id) for change in compare(old, new)]


def test_a_changed_step_is_told_with_old_and_new() -> None:
    (change,) = compare(document(step("a")), document(step("a", by=2)))

    assert change == Change("changed", "step", "a", step("a"), step("a", by=2), (Difference("params.by", 1, 2),))


def test_steps_come_and_go_by_their_ids() -> None:
    assert told(document(step("a"), step("b")), document(step("b"), step("c"))) == [
        ("removed", "step", "a"),
        ("added", "step", "c"),
    ]


def test_a_step_that_went_elsewhere_is_told_once() -> None:
    old = document(step("a"), step("b"), step("c"), step("d"))
    new = document(step("d"), step("a"), step("b"), step("c"))

    assert told(old, new) == [("moved", "step", "d")]


def test_steps_within_steps_are_compared_by_their_own_ids() -> None:
    def outer(*inner: Any) -> dict[str, Any]:
        return {"id": "split", "action": "branch", "params": {"cases": [{"label": "x", "steps": list(inner)}]}}

    assert told(document(outer(step("a"))), document(outer(step("a", by=5)))) == [("changed", "step", "a")]
    assert told(document(outer(step("a"))), document(outer(step("a"), step("b")))) == [
        ("changed", "step", "split"),
        ("added", "step", "b"),
    ]


def test_a_trigger_keeps_its_id_or_is_known_by_what_it_hears() -> None:
    old = {"triggers": [{"type": "event", "event": "purchase"}, {"id": "t", "type": "tag_added", "tag": "hot"}]}
    new = {"triggers": [{"type": "event", "event": "purchase"}, {"id": "t", "type": "tag_added", "tag": "vip"}]}

    assert list(triggers_by_id(old)) == ["event:purchase", "t"]
    (change,) = compare(old, new)
    assert (change.what, change.id, change.differences) == ("changed", "t", (Difference("tag", "hot", "vip"),))


def test_two_triggers_alike_are_told_apart() -> None:
    one = {"type": "event", "event": "purchase"}

    assert list(triggers_by_id({"triggers": [one, one]})) == ["event:purchase", "event:purchase#2"]


def test_other_parts_are_told_by_their_names() -> None:
    filtered = document(step("a"), filter={"field": "score", "operator": "at_least", "value": 5})

    assert told(document(step("a")), filtered) == [("added", "part", "filter")]
    assert told(filtered, document(step("a"))) == [("removed", "part", "filter")]


def test_true_is_not_one() -> None:
    assert told(document(step("a", by=1)), document(step("a", by=True))) == [("changed", "step", "a")]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "action", "steps", "triggers", "type", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES, VALUES)
def test_whatever_is_compared_nothing_changes_only_between_equals(old: Any, new: Any) -> None:
    before = copy.deepcopy((old, new))

    assert compare(old, old) == []
    compare(old, new)
    assert (old, new) == before


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.randoms())
def test_what_is_told_leads_from_one_order_to_the_other(ids: list[str], chance: Any) -> None:
    shuffled = ids[:]
    chance.shuffle(shuffled)
    moved = {change.id for change in compare(document(*map(step, ids)), document(*map(step, shuffled)))}

    assert [id for id in ids if id not in moved] == [id for id in shuffled if id not in moved]
    assert list(steps_by_id(document(*map(step, ids)))) == ids
