"""Runs that end badly are undone, back from their last checkpoint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.language.compensation import PASSED_LIMIT
from campaigns.language.document import compile_document
from campaigns.language.scope import Scope
from tests.unit.campaigns.acme import (
    ACME,
    NOW,
    Recorder,
    campaign,
    event,
    faults,
    lead,
    note,
    on,
    outcomes,
    pass_time,
    rulebook,
    run,
    run_event,
    step,
)

DAY = {"amount": 1, "unit": "days"}
WAIT = step("wait_duration", "wait", wait=DAY)
TOO_MUCH = step("change_score", "burst", amount=2**31)
CALLED_OFF = {"label": "called off", "trigger": on("signup"), "undo": True}
SIGNUP = event("signup", id="e2", email="a@b.test")


def point(label: str, *undo: dict[str, Any], **more: Any) -> dict[str, Any]:
    return step("checkpoint", f"at-{label}", label=label, undo=list(undo or [note(f"undo-{label}")]), **more)


def ids(rows: Any) -> list[str]:
    return [row.step for row in rows if row.step]


BOOKED = (point("seat"), note("one"), point("hotel"), note("two"))


def test_who_ends_well_undoes_nothing() -> None:
    who = lead()
    rows = run(rulebook(campaign(*BOOKED, step("exit_flow", "end"))), who)
    assert ids(rows) == ["at-seat", "one", "at-hotel", "two", "end"]
    assert rows[1].data == {"label": "seat", "outcome": "done"}


def test_an_exit_that_says_so_undoes_all_the_last_first() -> None:
    rows = run(rulebook(campaign(*BOOKED, step("exit_flow", "end", label="no", undo=True), note("never"))), lead())
    assert ids(rows)[4:] == ["end", "undo-hotel", "at-hotel", "undo-seat", "at-seat"]
    assert [row.data for row in rows if row.step in ("end", "at-hotel", "at-seat")][2:] == [
        {"ended": "no", "undone": ["hotel", "seat"], "outcome": "done"},
        {"label": "hotel", "undone": True, "outcome": "done"},
        {"label": "seat", "undone": True, "outcome": "done"},
    ]


def test_it_is_undone_no_further_than_asked() -> None:
    rows = run(rulebook(campaign(*BOOKED, step("exit_flow", "end", undo_to="hotel"))), lead())
    assert ids(rows)[4:] == ["end", "undo-hotel", "at-hotel"]


def test_what_was_not_passed_is_not_undone() -> None:
    never = {"label": "x", "when": {"field": "nickname", "operator": "is", "value": "x"}, "steps": [point("other")]}
    end = step("exit_flow", "end", undo_to="other")
    rows = run(rulebook(campaign(step("branch", "fork", cases=[never]), point("seat"), end)), lead())
    assert ids(rows) == ["fork", "at-seat", "end"]
    assert rows[-1].data == {"ended": "exit", "outcome": "done"}


def test_a_point_passed_twice_is_undone_twice() -> None:
    loop = step("for_each", "loop", **{"as": "n", "type": "integer", "items": [1, 2], "body": [point("seat")]})
    rows = run(rulebook(campaign(loop, step("exit_flow", "end", undo=True))), lead())
    assert ids(rows).count("undo-seat") == 2


def test_a_failure_ends_and_undoes_the_run_where_a_checkpoint_says_so() -> None:
    who = lead(score=0)
    recorder = Recorder()
    document = campaign(point("seat"), point("hotel", on_failure="undo"), TOO_MUCH, note("never"))
    run_event(rulebook(document), who, event(), NOW, recorder)
    assert ids(recorder.activities) == [
        "at-seat", "at-hotel", "burst", "burst", "undo-hotel", "at-hotel", "undo-seat", "at-seat",
    ]  # fmt: skip
    ended = next(row for row in recorder.activities if row.kind == "run_ended").data
    assert (ended["ended"], ended["undone"]) == ("failed", ["hotel", "seat"])


def test_a_failure_is_passed_over_otherwise_and_so_is_one_while_undoing() -> None:
    assert ids(run(rulebook(campaign(point("seat"), TOO_MUCH, note("on"))), lead(score=0))) == [
        "at-seat", "burst", "on",
    ]  # fmt: skip
    failing = {**TOO_MUCH, "id": "fails"}
    document = campaign(point("seat", failing, note("undo"), on_failure="undo"), TOO_MUCH)
    assert ids(run(rulebook(document), lead(score=0))) == ["at-seat", "burst", "burst", "fails", "undo", "at-seat"]


def test_a_group_that_fails_is_a_failure() -> None:
    group = step("transaction_group", "group", steps=[TOO_MUCH])
    rows = run(rulebook(campaign(point("seat", on_failure="undo"), group, note("never"))), lead(score=0))
    assert ids(rows) == ["at-seat", "group", "group", "undo-seat", "at-seat"]


def test_what_was_passed_before_a_wait_is_undone_behind_it() -> None:
    book, who = rulebook(campaign(*BOOKED, WAIT, TOO_MUCH, step("exit_flow", "end", undo=True))), lead(score=0)
    run(book, who)
    (parked,) = who.runs.values()
    assert parked.state["passed"] == ["at-seat", "at-hotel"]
    rows = pass_time(book, who, NOW + timedelta(days=1))
    assert ids(rows) == ["wait", "burst", "end", "undo-hotel", "at-hotel", "undo-seat", "at-seat"]
    assert who.runs == {}


def test_an_exit_inside_a_wait_undoes_at_once_and_tells_who_hears_the_end() -> None:
    listens = campaign(note("heard"), on={"type": "campaign_ended", "campaign": "welcome"},
                       filter={"event": "label", "operator": "is", "value": "called off"})  # fmt: skip
    book, who = rulebook(listens, welcome=campaign(*BOOKED, WAIT, exits=[CALLED_OFF])), lead()
    run(book, who)
    rows = run(book, who, SIGNUP)
    assert ids(rows) == ["wait", "undo-hotel", "at-hotel", "undo-seat", "at-seat", "heard"]
    assert rows[1].data["undone"] == ["hotel", "seat"]
    assert who.runs == {}


def test_an_exit_that_passed_no_checkpoint_just_ends() -> None:
    book, who = rulebook(campaign(WAIT, point("seat"), exits=[CALLED_OFF])), lead()
    run(book, who)
    assert outcomes(run(book, who, SIGNUP)) == [("wait", "run_ended", "done")]


def test_who_waits_for_a_campaign_that_is_undone_goes_on_behind_it() -> None:
    inner = campaign(point("seat"), WAIT, on={"type": "campaign_requested"}, exits=[CALLED_OFF])
    outer = campaign(step("execute_campaign", "call", campaign="welcome"), note("after"))
    book, who = rulebook(outer=outer, welcome=inner), lead()
    run(book, who)
    assert ids(run(book, who, SIGNUP)) == ["wait", "undo-seat", "at-seat", "call", "after"]


def test_variables_are_there_when_it_is_undone() -> None:
    undo = step("add_note", "back", text="{{ run.seat }}")
    sets = step("set_run_variable", "set", name="seat", type="string", value="7a")
    rows = run(rulebook(campaign(sets, point("seat", undo), step("exit_flow", "end", undo=True))), lead())
    assert next(row for row in rows if row.step == "back").data["text"] == "7a"


def test_a_run_keeps_no_more_checkpoints_than_can_be_stored() -> None:
    again = step("jump_to", "again", step="at-seat", max_jumps=PASSED_LIMIT)
    rows = run(rulebook(campaign(point("seat"), again)), lead())
    assert rows[-2].data["outcome"] == "failed"
    assert sum(row.data["outcome"] == "done" for row in rows if row.step == "at-seat") == PASSED_LIMIT


def test_the_choice_that_was_passed_is_the_one_undone() -> None:
    cold = {"field": "tags", "operator": "contains_none_of", "value": ["hot"]}
    choices = [{"when": cold, "params": {"label": "seat", "undo": [note("cold")]}}]
    marked = {"id": "mark", "action": "checkpoint", "choices": choices,
              "default": {"label": "seat", "undo": [note("hot")]}}  # fmt: skip
    changed = step("change_tags", "tag", add=["hot"])
    rows = run(rulebook(campaign(marked, changed, step("exit_flow", "end", undo=True))), lead())
    assert ids(rows) == ["mark", "tag", "end", "cold", "mark"]


def test_what_undoes_is_compared_with_other_campaigns() -> None:
    scope = Scope(ACME)
    scope.compares = True
    compile_document(campaign(point("seat", step("change_tags", "tag", remove=["hot"]))), scope)
    assert "tags:hot" in scope.writes


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ((step("checkpoint", label="a"),), "undo: is missing"),
        ((step("checkpoint", label=" ", undo=[]),), "label: expected a label of 1 to 64 characters"),
        ((point("a"), step("checkpoint", "b", label="a", undo=[])), "label: 'a' is the label of steps[0] already"),
        ((point("a", WAIT),), "undo[0].action: wait_duration cannot stand here: what undoes changes the lead"),
        ((point("a", point("b")),), "undo[0].action: checkpoint cannot stand here"),
        ((point("a", on_failure="maybe"),), "on_failure: expected one of go_on, undo"),
        ((step("exit_flow", undo=True),), "params.undo: no step marks a checkpoint, so there is nothing to undo"),
        ((point("seat"), step("exit_flow", undo_to="seats")), "there is no checkpoint 'seats'; did you mean 'seat'?"),
        ((point("a"), step("jump_to", step="undo-a", max_jumps=1)), "step 'undo-a' is entered by steps[0] alone"),
    ],
)
def test_a_fault_is_named(steps: tuple[dict[str, Any], ...], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(*steps)))


def test_a_fault_of_an_exit_is_named() -> None:
    assert faults(campaign(note("x"), exits=[CALLED_OFF])) == [
        "exits[0].undo: no step marks a checkpoint, so there is nothing to undo; add one"
    ]
    (fault,) = faults(campaign(point("a"), exits=[{**CALLED_OFF, "undo": "x"}]))
    assert fault.startswith("exits[0].undo: expected true or false")
