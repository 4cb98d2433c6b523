"""Changes that all happen or none."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.actions import ACTIONS
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
    on,
    outcomes,
    rulebook,
    run,
    run_event,
    step,
)

TOO_MUCH = step("change_score", "burst", amount=2**31)


def group(*steps: dict[str, Any], id: str = "group") -> dict[str, Any]:
    return step("transaction_group", id, steps=list(steps))


def note(id: str = "after") -> dict[str, Any]:
    return step("add_note", id, text=id)


CHANGES = (
    step("change_field", "name", field="nickname", value="Bo"),
    step("change_tags", "tag", add=["hot"], remove=["cold"]),
    step("add_to_list", "list", list="news"),
    step("record_goal", "goal", goal="first-order"),
    step("change_company_score", "company", amount=3),
    step("create_task", "task", subject="Call"),
    step("freeze_processing", "freeze"),
)


def test_all_its_steps_change_the_lead_and_each_is_logged() -> None:
    who = lead(score=1)
    rows = run(rulebook(campaign(group(*CHANGES[:4]), note())), who)
    assert outcomes(rows) == [
        ("group", "group", "done"), ("name", "change_data_value", "done"), ("tag", "change_tags", "done"),
        ("list", "add_to_list", "done"), ("goal", "goal_reached", "done"), ("group", "group", "done"),
        ("after", "note_added", "done"),
    ]  # fmt: skip
    assert [row.data for row in rows if row.step == "group"] == [
        {"begun": True, "outcome": "done"}, {"steps": 4, "outcome": "done"},
    ]  # fmt: skip
    assert (who.values["nickname"], who.tags, who.lists) == ("Bo", {"hot"}, {"news"})


def test_when_one_fails_nothing_of_what_they_did_happened() -> None:
    who = lead(score=1, company="Initech", tags={"cold"})
    who.records["company", "Initech"] = {"primary": True}
    kept = dict(who.records)
    heard = campaign(note("heard"), on={"type": "tag_added"})
    rows = run(rulebook(campaign(group(*CHANGES, TOO_MUCH, note("never")), note()), heard), who)
    assert outcomes(rows) == [("group", "group", "failed"), ("after", "note_added", "done")]
    reason = next(row for row in rows if row.step == "group").data["reason"]
    assert reason.startswith("burst: ") and reason.endswith("; none of the group's changes were made")
    assert (who.values, who.tags, who.lists) == ({"score": 1, "company": "Initech"}, {"cold"}, set())
    assert (who.records, who.frozen_until, who.shared.changed) == (kept, None, set())
    assert (who.changed, who.changed_records) == (set(), set())


def test_what_was_changed_before_it_stays() -> None:
    who = lead(score=1)
    first = step("change_tags", "first", add=["vip"])
    run(rulebook(campaign(first, group(CHANGES[0], TOO_MUCH))), who)
    assert (who.tags, who.changed, who.values) == ({"vip"}, {"tags"}, {"score": 1})


def test_a_failure_counts_once() -> None:
    recorder = Recorder()
    run_event(rulebook(campaign(group(CHANGES[0], TOO_MUCH))), lead(score=1), event(), NOW, recorder)
    assert recorder.failed == [1]


def test_what_was_refused_or_was_nothing_to_change_is_no_failure() -> None:
    who = lead(nickname="Bo")
    skipped = step("change_score", "add", amount="{{ event.age }}")
    document = campaign(group(CHANGES[0], skipped, CHANGES[1]), on=on("signup"))
    rows = run(rulebook(document), who, event("signup", email="a@b.test"))
    assert [outcome for _, _, outcome in outcomes(rows)] == ["done", "no_op", "skipped", "done", "done"]


def test_the_history_that_filters_count_is_that_of_what_stayed() -> None:
    counted = {"activity": "change_data_value"}
    book = rulebook(campaign(group(CHANGES[0], TOO_MUCH), filter={"none": [counted]}))
    (question,) = book.needs_history
    who = lead(score=1)
    who.history = {question: question.begin()}
    run(book, who)
    assert who.history == {question: question.begin()}


def test_a_group_in_a_loop_fails_and_the_loop_goes_on() -> None:
    body = [group(step("increment_number", "up", field="orders", by="{{ run.n }}"),
                  step("change_score", "add", amount="{{ run.n }}"))]  # fmt: skip
    loop = step("for_each", "loop", **{"as": "n", "type": "integer", "items": [1, 2**31, 2], "body": body})
    who = lead(score=0)
    run(rulebook(campaign(loop)), who)
    assert who.values == {"score": 3, "orders": 3}


def test_the_choice_of_a_group_is_made_once() -> None:
    cold = {"field": "tags", "operator": "contains_none_of", "value": ["hot"]}
    choices = [{"when": cold, "params": {"steps": [CHANGES[1]]}}]
    who = lead()
    rows = run(rulebook(campaign({"id": "group", "action": "transaction_group", "choices": choices}, note())), who)
    assert [(row.step, row.data.get("choice")) for row in rows[1:]] == [
        ("group", 0), ("tag", None), ("group", 0), ("after", None),
    ]  # fmt: skip


def test_too_many_steps_leave_no_half_of_a_group() -> None:
    again = step("jump_to", "again", step="group", max_jumps=1000)
    who = lead()
    rows = run(rulebook(campaign(group(*[step("increment_number", f"n{n}", field="orders", by=1) for n in range(7)]),
                                 again)), who)  # fmt: skip
    assert rows[-1].kind == "loop_stopped"
    assert who.values["orders"] % 7 == 0


@pytest.mark.parametrize("action", [spec.name for spec in ACTIONS if spec.kind != "state"])
def test_what_cannot_be_taken_back_is_refused(action: str) -> None:
    found = faults(campaign(group(step(action, "in"))))
    assert any(f"steps[0].params.steps[0].action: {action} cannot stand here: a group takes" in one for one in found)


def test_what_deletes_the_lead_is_refused() -> None:
    assert any("no step may come after delete_lead" in one for one in faults(campaign(group(step("delete_lead", "x")))))


def test_nobody_jumps_into_a_group() -> None:
    jump = step("jump_to", "jump", step="name", max_jumps=1)
    (fault,) = faults(campaign(group(CHANGES[0]), jump))
    assert fault.endswith("step 'name' is entered by steps[0] alone; name that one")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (step("transaction_group"), "steps: is missing"),
        (step("transaction_group", steps="x"), "steps: expected a list of at least one step"),
        (group(step("nothing", "x")), "steps[0].action: unknown action 'nothing'"),
        (group(step("change_field", "x", field="none", value=1)), "steps[0].params.field: unknown field 'none'"),
    ],
)
def test_a_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    assert any(fault in one for one in faults(campaign(broken)))


def test_what_a_group_writes_is_compared_with_other_campaigns() -> None:
    scope = Scope(ACME)
    scope.compares = True
    compile_document(campaign(group(CHANGES[0], CHANGES[1])), scope)
    assert {"field:nickname", "tags:hot", "tags:cold"} <= scope.writes


def test_every_action_that_leaves_the_house_says_so() -> None:
    told = {spec.name: spec.kind for spec in ACTIONS}
    assert {name for name, kind in told.items() if kind == "outside"} >= {
        "send_email", "send_alert", "call_webhook", "notify_chat", "create_related_lead", "merge_leads",
    }  # fmt: skip
    assert all(spec.kind == "flow" for spec in ACTIONS if spec.parks)
