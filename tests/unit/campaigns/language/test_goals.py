"""Goals of a campaign: who reaches one leaves at once, and it is counted once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.campaigns.acme import (
    NOW,
    THEN,
    campaign,
    event,
    faults,
    lead,
    on,
    outcomes,
    pass_time,
    record,
    rulebook,
    run,
    step,
)

WAIT = step("wait_duration", "wait", wait={"amount": 1, "unit": "days"})
NOTE = step("add_note", "note", text="after")
ORDERED = {"goal": "first-order", "trigger": on("purchase"), "value": "{{ event.amount }}"}
SIGNUP = event("signup", email="a@acme.test")


def welcoming(*goals: dict[str, Any], **more: Any) -> dict[str, Any]:
    return campaign(WAIT, NOTE, on=on("signup"), goals=list(goals), **more)


def test_who_reaches_a_goal_leaves_inside_the_wait_and_it_is_recorded() -> None:
    book, who = rulebook(welcoming(ORDERED)), lead()
    run(book, who, SIGNUP)
    rows = run(book, who, event(id="e2", amount="7.50"))
    assert [(row.kind, row.step, row.campaign_id) for row in rows[1:]] == [
        ("goal_reached", "wait", 1), ("run_ended", "wait", 1),
    ]  # fmt: skip
    assert rows[1].data["goal"] == "first-order"
    assert rows[2].data["ended"] == "First-Order"
    assert record(who, "goal", "first-order") == {"at": THEN.isoformat(), "value": "7.50", "counted": True}
    assert pass_time(book, who, NOW + timedelta(days=1)) == []


def test_a_goal_reached_before_ends_the_run_and_is_not_counted_again() -> None:
    book, who = rulebook(welcoming(ORDERED | {"label": "bought"})), lead()
    for id in ("e1", "e3"):
        run(book, who, event("signup", id=id, email="a@acme.test"))
        rows = run(book, who, event(id=f"{id}p"))
    assert [row.kind for row in rows[1:]] == ["run_ended"]
    assert rows[-1].data["ended"] == "bought"


def test_with_a_key_a_goal_is_counted_once_for_each() -> None:
    book, who = rulebook(welcoming(ORDERED | {"once_key": "{{ event.shop }}"})), lead()
    for number, shop in enumerate("aab"):
        run(book, who, event("signup", id=f"s{number}", email="a@acme.test"), event(id=f"p{number}", shop=shop))
    assert sorted(key for kind, key in who.records) == ["first-order:a", "first-order:b"]


def test_outside_its_window_a_goal_is_recorded_and_not_counted() -> None:
    book, who = rulebook(welcoming(ORDERED | {"goal": "spring"})), lead()
    run(book, who, SIGNUP, event(id="e2"))
    assert (record(who, "goal", "spring") or {})["counted"] is False


def test_a_goal_on_the_leads_state_is_reached_as_soon_as_it_changes() -> None:
    goal = {"goal": "first-order", "when": {"field": "tags", "operator": "contains_any_of", "value": ["vip"]}}
    tagging = campaign(step("change_tags", add=["vip"], remove=[]))
    book, who = rulebook(welcoming(goal), tagging), lead()
    run(book, who, SIGNUP)
    assert len(who.runs) == 1
    rows = run(book, who, event(id="e2"))
    assert [row.kind for row in rows[-2:]] == ["goal_reached", "run_ended"]
    assert who.runs == {}


def test_a_goal_that_is_recorded_elsewhere_ends_the_run() -> None:
    recording = campaign(step("record_goal", "goal", goal="first-order"))
    book, who = rulebook(welcoming({"goal": "first-order"}), recording), lead()
    run(book, who, SIGNUP)
    rows = run(book, who, event(id="e2"))
    assert outcomes(rows) == [("goal", "goal_reached", "done"), ("wait", "run_ended", "done")]
    assert who.runs == {}


def test_another_goal_does_not_end_the_run() -> None:
    recording = campaign(step("record_goal", "goal", goal="spring"))
    book, who = rulebook(welcoming({"goal": "first-order"}), recording), lead()
    run(book, who, SIGNUP, event(id="e2"))
    assert len(who.runs) == 1


def test_a_goal_that_a_run_reaches_is_heard_by_campaigns() -> None:
    hears = campaign(step("change_tags", "tag", add=["hot"]), on={"type": "goal_reached", "goal": "first-order"})
    book, who = rulebook(welcoming(ORDERED), hears), lead()
    run(book, who, SIGNUP, event(id="e2"))
    assert who.tags == {"hot"}


def test_a_goal_comes_before_an_exit_of_the_same_event() -> None:
    leaving = {"label": "out", "trigger": on("purchase")}
    book, who = rulebook(welcoming(ORDERED, exits=[leaving])), lead()
    rows = [row for item in (SIGNUP, event(id="e2")) for row in run(book, who, item)]
    assert rows[-1].data["ended"] == "First-Order"


@pytest.mark.parametrize(
    ("goals", "fault"),
    [
        ({}, "goals: expected a list of at most 20 goals"),
        ([{"trigger": on("purchase")}], "goals[0]: expected an object with goal"),
        ([{"goal": "nothing"}], "goals[0].goal: unknown goal 'nothing'"),
        ([{"goal": "spring", "value": 3}], "goals[0].value: has no meaning here"),
        ([ORDERED | {"value": "{{ event.shop }}"}], "goals[0].value: {{ event.shop }} is of type text"),
        ([ORDERED | {"value": "{{ event.nope }}"}], "goals[0].value: event type 'purchase' has no attribute 'nope'"),
        ([ORDERED | {"once_key": 3}], "goals[0].once_key: expected"),
        ([ORDERED | {"label": ""}], "goals[0].label: expected a label"),
        ([ORDERED | {"trigger": {"type": "nothing"}}], "goals[0].trigger.type: unknown trigger"),
        ([ORDERED | {"ends": 1}], "goals[0].ends: has no meaning here"),
    ],
)  # fmt: skip
def test_a_fault_is_named(goals: Any, fault: str) -> None:
    assert any(found.startswith(fault) for found in faults(campaign(WAIT, goals=goals)))
