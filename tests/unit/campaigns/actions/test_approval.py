"""Asking a person: what is asked, and what follows from each answer, from none, and from one that comes late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.run import Heard, keep_heard
from tests.unit.campaigns.acme import (
    NOW,
    campaign,
    event,
    faults,
    lead,
    outcomes,
    pass_time,
    rulebook,
    run,
    schema,
    step,
)

DAY = timedelta(days=1)
ONE_DAY = {"amount": 1, "unit": "days"}
AFTER = step("add_note", "after", text="after")
OTHER = AFTER | {"id": "no"}


def asking(**more: Any) -> Rulebook:
    usual = {"text": "Send {{ event.amount }} to {{ lead.email }}?", "timeout": ONE_DAY}
    return rulebook(campaign(step("approval", "ask", **(usual | more)), AFTER))


def asked(book: Rulebook) -> LeadState:
    who = lead(email="jo@acme.test")
    run(book, who, event())
    return who


def decided(who: LeadState, *, approved: bool = True, **more: Any) -> Any:
    (parked,) = who.runs.values()
    number = parked.state["memories"]["ask"]["asked"]["number"]
    data = {"run": parked.id, "number": number, "approved": approved, "by": "ann", "note": "fine"} | more
    return event("approval.decided", id=f"d{data['run']}{data['number']}", at=NOW, **data)


def steps(rows: list[Any]) -> list[str]:
    return [row.step for row in rows if row.step is not None]


def test_a_person_is_asked_and_the_run_rests() -> None:
    who = lead(email="jo@acme.test")
    rows = run(asking(approvers=["ann"]), who, event())
    assert outcomes(rows) == [("ask", "wait_entered", "deferred")]
    assert rows[-1].data["asked"] == "Send 10.00 to jo@acme.test?"
    (parked,) = who.runs.values()
    assert parked.wake_at == NOW + DAY
    assert parked.state["memories"]["ask"]["asked"] == {
        "number": 0, "text": "Send 10.00 to jo@acme.test?", "approvers": ["ann"],
    }  # fmt: skip


def test_approved_the_run_goes_on_and_says_by_whom() -> None:
    book = asking()
    who = asked(book)
    rows = run(book, who, decided(who))
    assert outcomes(rows) == [("ask", "approval_ended", "done"), ("after", "note_added", "done")]
    assert rows[1].data == {"approved": True, "by": "ann", "note": "fine", "outcome": "done"}
    assert who.runs == {}


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, ["ask"]), ({"on_declined": []}, ["ask", "after"]), ({"on_declined": [OTHER]}, ["ask", "no", "after"])],
)  # fmt: skip
def test_declined_the_run_ends_or_takes_the_steps_for_that(more: dict[str, Any], expected: list[str]) -> None:
    book = asking(**more)
    who = asked(book)
    assert steps(run(book, who, decided(who, approved=False))) == expected
    assert who.runs == {}


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, ["ask"]), ({"on_timeout": []}, ["ask", "after"]), ({"on_timeout": [OTHER]}, ["ask", "no", "after"])],
)  # fmt: skip
def test_without_a_decision_in_time_the_run_ends_or_takes_the_steps_for_that(
    more: dict[str, Any], expected: list[str]
) -> None:
    book = asking(**more)
    who = asked(book)
    assert pass_time(book, who, NOW + DAY - timedelta(seconds=1)) == []
    assert steps(pass_time(book, who, NOW + DAY)) == expected
    assert who.runs == {}


@pytest.mark.parametrize("more", [{"run": "another"}, {"number": 7}])
def test_a_decision_on_another_question_is_none_on_this(more: dict[str, Any]) -> None:
    book = asking()
    who = asked(book)
    assert steps(run(book, who, decided(who, **more))) == []
    assert len(who.runs) == 1


def test_a_question_asked_again_is_another() -> None:
    looped = campaign(
        step("approval", "ask", text="?", timeout=ONE_DAY), step("jump_to", "again", step="ask", max_jumps=1), AFTER
    )
    book = rulebook(looped)
    who = asked(book)
    first = decided(who)
    assert steps(run(book, who, first)) == ["ask", "again", "ask"]
    assert steps(run(book, who, first)) == []
    assert steps(run(book, who, decided(who))) == ["ask", "again", "after"]


def test_a_decision_taken_while_the_campaign_was_paused_counts_when_it_is_executed_again() -> None:
    book = asking()
    who = asked(book)
    ((id, parked),) = who.runs.items()
    who.runs[id] = keep_heard(parked, Heard("approval.decided", decided(who).data, NOW))
    assert steps(pass_time(book, who, NOW + DAY)) == ["ask", "after"]


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"text": "?"}, "timeout: is missing"),
        ({"timeout": ONE_DAY}, "text: is missing"),
        ({"text": None, "timeout": ONE_DAY}, "text: must not be null"),
        ({"text": "?", "timeout": {"amount": 2, "unit": "years"}}, "timeout: is longer than a year"),
        ({"text": "?", "timeout": ONE_DAY, "approvers": []}, "approvers: expected a list of 1 to 50 names of users"),
        ({"text": "?", "timeout": ONE_DAY, "approvers": [7]}, "approvers[0]: expected the name of a user, got 7"),
        ({"text": "?", "timeout": ONE_DAY, "approvers": ["ann", "zoe"]}, "approvers[1]: 'zoe' does not look"),
        ({"text": "?", "timeout": ONE_DAY, "on_timeout": 1}, "on_timeout: expected a list of at least one step"),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_is(params: dict[str, Any], fault: str) -> None:
    document = campaign(step("approval", **params))
    assert faults(document, schema(people=frozenset({"ann"})))[0].startswith(f"steps[0].params.{fault}")
