"""Variants tried against each other until one has won."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.experiments import AB_TEST, TOO_SMALL, differ, winner_of
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.shared import EXPERIMENT, Shared
from tests.unit.campaigns.acme import NOW, Recorder, campaign, event, faults, on, rulebook, run_event, step

DAY = {"amount": 1, "unit": "days"}
WEEK = {"amount": 7, "unit": "days"}
BOUGHT = {"type": "event", "event": "signup"}


def variant(label: str) -> dict[str, Any]:
    return {"label": label, "steps": [step("add_note", f"note-{label}", text=label)]}


def ab(**more: Any) -> dict[str, Any]:
    usual = {"variants": [variant("a"), variant("b")], "metric": BOUGHT, "within": DAY, "decide_after": WEEK,
             "minimum": 2}  # fmt: skip
    return step("ab_test", "test", **usual | more)


class Crowd:
    """Seeded leads of a tenant with one campaign."""

    def __init__(self, *, tenant: str = "acme", shared: Shared | None = None, **more: Any) -> None:
        self.book: Rulebook = rulebook(campaign(ab(**more), step("add_note", "after", text="x")))
        self.shared = shared or Shared()
        self.tenant = tenant
        self.leads: dict[str, LeadState] = {}

    def buy(self, key: str, days: float = 0, type: str = "purchase") -> list[Any]:
        lead = self.leads.setdefault(key, LeadState(id=7, tenant=self.tenant, key=key, values={}))
        lead.shared = self.shared
        now, recorder = NOW + timedelta(days=days), Recorder()
        data = {"email": "a@b.test"} if type == "signup" else {}
        run_event(self.book, lead, event(type, f"{key}-{days}-{type}", now, **data), now, recorder)
        return [row for row in recorder.activities if row.step]

    def got(self, key: str, days: float = 0) -> dict[str, Any]:
        """What the step said."""
        return next(row.data for row in self.buy(key, days) if row.kind == "variant_assigned")

    @property
    def state(self) -> dict[str, Any]:
        (found,) = [data for (kind, _), data in self.shared.records.items() if kind == EXPERIMENT]
        return found


def test_each_lead_gets_one_variant_and_stays_with_it() -> None:
    crowd = Crowd()
    first = {key: crowd.got(str(key))["variant"] for key in range(200)}
    assert 75 < Counter(first.values())["a"] < 125
    assert {key: crowd.got(str(key), 1)["variant"] for key in range(200)} == first
    assert {label: one["leads"] for label, one in crowd.state["variants"].items()} == Counter(first.values())
    assert {key: Crowd().got(str(key))["variant"] for key in range(20)} == {key: first[key] for key in range(20)}


def test_the_steps_of_the_variant_run_and_then_those_behind() -> None:
    crowd = Crowd()
    rows = crowd.buy("1")
    label = rows[0].data["variant"]
    assert rows[0].data == {"variant": label, "outcome": "done"}
    assert [row.step for row in rows] == ["test", f"note-{label}", "after"]


def test_a_result_is_counted_once_for_each_lead_and_only_in_time() -> None:
    crowd = Crowd()
    for key in range(4):
        crowd.buy(str(key))
    crowd.buy("0", 0.5, "signup")
    crowd.buy("0", 0.6, "signup")
    crowd.buy("1", 1.5, "signup")  # too late
    crowd.buy("stranger", 0.5, "signup")
    assert sum(one["results"] for one in crowd.state["variants"].values()) == 1
    (record,) = [one for (kind, _), one in crowd.leads["0"].records.items() if kind == AB_TEST]
    assert crowd.state["variants"][record["variant"]]["results"] == 1


def decided(**more: Any) -> Crowd:
    """A week after: leads of b bought, leads of a did not."""
    crowd = Crowd(**more)
    for key in range(20):
        if crowd.got(str(key)).get("variant") == "b":
            crowd.buy(str(key), 0.1, "signup")
    return crowd


def test_the_winner_is_chosen_when_it_is_time_and_all_get_it_from_then_on() -> None:
    crowd = decided()
    assert "winner" not in crowd.got("x", 6.9)
    rows = crowd.buy("y", 7)
    assert [(row.kind, row.step) for row in rows[:2]] == [("winner_chosen", "test"), ("variant_assigned", "test")]
    assert rows[0].data["variant"] == "b"
    assert set(rows[0].data["rates"].values()) >= {"0.0 %"} and sum(rows[0].data["sample"].values()) == 21
    assert {crowd.got(str(key), 8)["variant"] for key in range(30)} == {"b"}
    assert crowd.got("z", 8) == {"variant": "b", "winner": True, "outcome": "done"}


def test_results_after_the_choice_change_nothing() -> None:
    crowd = decided()
    crowd.buy("late", 6.9)
    crowd.buy("y", 7)
    before = dict(crowd.state)
    crowd.buy("late", 7.1, "signup")
    assert crowd.state == before


def test_too_small_a_sample_keeps_the_split() -> None:
    crowd = decided(minimum=50)
    said = crowd.got("x", 8)
    assert said["undecided"] == TOO_SMALL and "winner" not in said
    assert "winner" not in crowd.state


def test_a_difference_that_may_be_chance_keeps_the_split_where_that_is_asked() -> None:
    crowd = Crowd(rule="significant")
    keys = [str(key) for key in range(20)]
    sold = {"a": 3, "b": 4}
    for key in keys:
        label = crowd.got(key)["variant"]
        sold[label] -= 1
        if sold[label] >= 0:
            crowd.buy(key, 0.1, "signup")
    assert "winner" not in crowd.got("x", 8)
    assert decided(rule="significant").got("x", 8)["winner"] is True


def test_those_outside_the_test_get_the_first_variant_and_are_not_counted() -> None:
    crowd = Crowd(share=10)
    said = [crowd.got(str(key)) for key in range(300)]
    outside = [one for one in said if one.get("tested") is False]
    assert {one["variant"] for one in outside} == {"a"}
    assert sum(one["leads"] for one in crowd.state["variants"].values()) == 300 - len(outside)
    assert 10 < 300 - len(outside) < 55


def test_those_held_out_take_none_before_and_after_the_choice() -> None:
    crowd = decided(holdout=50)
    crowd.buy("y", 7)
    said = [crowd.got(f"h{key}", 8) for key in range(100)]
    assert {one["variant"] for one in said} == {"holdout", "b"}


def test_other_labels_are_another_test() -> None:
    crowd = decided()
    crowd.buy("y", 7)
    other = Crowd(shared=crowd.shared, variants=[variant("a"), variant("c")])
    assert "winner" not in other.got("z", 8)


def test_a_goal_is_heard_though_no_campaign_hears_it() -> None:
    record = campaign(step("record_goal", "goal", goal="first-order"), on=on("page_view"))
    tested = campaign(ab(metric={"type": "goal_reached", "goal": "first-order"}))
    book, lead, shared = rulebook(record, tested), LeadState(id=7, tenant="acme", key="1"), Shared()
    lead.shared = shared
    run_event(book, lead, event(), NOW, Recorder())
    run_event(book, lead, event("page_view", id="e2"), NOW, Recorder())
    (state,) = [data for (kind, _), data in shared.records.items() if kind == EXPERIMENT]
    assert [one["results"] for one in state["variants"].values()] == [1]


def test_a_message_opened_by_a_machine_may_be_left_out() -> None:
    people = {"type": "message_opened", "where": [{"attribute": "bot", "operator": "is_empty"}]}
    book = rulebook(campaign(ab(metric=people)))
    assert list(book.experiments) == ["message.opened"]


def test_who_tests_nothing_is_asked_nothing() -> None:
    book = rulebook(campaign(step("add_note", text="x")))
    assert book.experiments == {} and "experiment" not in book.needs_records


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (ab(variants=[variant("a")]), "variants: expected a list of 2 to 10 variants"),
        (ab(variants=[variant("a"), {"label": "b"}]), "variants[1]: expected an object with label and steps"),
        (ab(variants=[variant("a"), {"label": "a", "steps": []}]), "variants: has two variants of one label"),
        (ab(metric={"type": "opened"}), "metric.type: unknown trigger 'opened'"),
        (ab(metric={"type": "goal_reached", "goal": "x"}), "metric.goal: unknown goal 'x'"),
        (ab(minimum=0), "minimum: expected a whole number from 1"),
        (ab(share=0), "share: expected a whole number from 1 to 100"),
        (ab(decide_after=7), "decide_after: expected a period"),
        (ab(rule="best"), "rule: expected one of highest, significant"),
    ],
)
def test_a_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(broken)))


COUNTS = st.tuples(st.integers(1, 500), st.integers(0, 500)).map(lambda n: {"leads": n[0], "results": min(n)})


@given(COUNTS, COUNTS)
def test_whether_two_differ_does_not_depend_on_which_is_first(one: dict[str, int], other: dict[str, int]) -> None:
    assert differ(one, other) == differ(other, one)
    assert not differ(one, one)


@given(st.lists(COUNTS, min_size=2, max_size=5))
def test_nobody_has_a_higher_rate_than_the_winner(counts: list[dict[str, int]]) -> None:
    state = {"variants": {str(place): one for place, one in enumerate(counts)}}
    labels = list(state["variants"])
    winner = winner_of(state, labels, 1, significant=False)
    assert winner is not None
    best = state["variants"][winner]
    assert all(one["results"] * best["leads"] <= best["results"] * one["leads"] for one in counts)


def test_the_two_proportions_of_a_textbook_differ() -> None:
    assert differ({"leads": 200, "results": 40}, {"leads": 200, "results": 60})  # z = 2.31
    assert not differ({"leads": 200, "results": 40}, {"leads": 200, "results": 52})  # z = 1.43
