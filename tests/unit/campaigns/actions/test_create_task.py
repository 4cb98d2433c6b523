"""Tasks for people, kept with the lead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.campaigns.acme import NOW, act, campaign, event, faults, lead, rulebook, run, step


def test_a_task_says_what_by_when_and_by_whom() -> None:
    who = lead(owner="ann@acme.test", first_name="Jo")
    act(who, "create_task", subject="Call {{ lead.first_name }}", priority="high")
    ((place, task),) = who.records.items()
    assert place[0] == "task"
    assert task == {
        "subject": "Call Jo", "description": None, "due_at": (NOW + timedelta(days=5)).isoformat(),
        "owner": "ann@acme.test", "priority": "high", "state": "open",
    }  # fmt: skip


def test_who_and_when_may_be_said() -> None:
    who = lead(owner="ann@acme.test")
    act(who, "create_task", subject="Look", owner="ann@acme.test", due_in={"amount": 2, "unit": "hours"})
    (task,) = who.records.values()
    assert (task["owner"], task["due_at"]) == ("ann@acme.test", (NOW + timedelta(hours=2)).isoformat())


def test_each_run_and_each_step_has_a_task_of_its_own() -> None:
    book = rulebook(campaign(step("create_task", "a", subject="One"), step("create_task", "b", subject="Two")))
    who = lead()
    run(book, who, event(), event(id="e2"))
    assert sorted(task["subject"] for task in who.records.values()) == ["One", "One", "Two", "Two"]


def test_without_a_subject_there_is_no_task() -> None:
    who = lead()
    assert act(who, "create_task", subject="{{ lead.nickname }}")["outcome"] == "skipped"
    assert who.records == {}


def test_an_owner_who_is_gone_fails_the_step() -> None:
    assert act(lead(nickname="eve@acme.test"), "create_task", subject="Look", owner="{{ lead.nickname }}") == {
        "outcome": "failed", "reason": "there is no owner eve@acme.test",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"subject": "Look", "owner": "eve@acme.test"}, "unknown owner 'eve@acme.test'"),
        ({"subject": "Look", "priority": "huge"}, "expected one of normal, high, low"),
        ({"subject": "Look", "due_in": 5}, "expected a period"),
        ({}, "steps[0].params.subject: is missing"),
    ],
)
def test_a_fault_is_named(params: dict[str, object], fault: str) -> None:
    assert fault in faults(campaign(step("create_task", **params)))[0]
