"""Runs ended at once, also inside waits, and campaigns begun anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.campaigns.acme import (
    NOW,
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
    schema,
    step,
)

DAY = {"amount": 1, "unit": "days"}
WAIT = step("wait_duration", "wait", wait=DAY)
SIGNUP = event("signup", id="e2", email="a@acme.test")
REQUESTED = {"type": "campaign_requested"}


def remove(campaign: Any, **more: Any) -> dict[str, Any]:
    return step("remove_from_flow", "remove", campaign=campaign, **more)


def restart(campaign: str = "this", max_restarts: int = 2, **more: Any) -> dict[str, Any]:
    return step("restart_campaign", "restart", campaign=campaign, max_restarts=max_restarts, **more)


def test_the_runs_of_another_campaign_end_inside_their_waits() -> None:
    waits = campaign(WAIT, note("late"), qualification={"inside": "parallel"})
    book = rulebook(campaign(remove("welcome", reason="has signed up"), note("after"), on=on("signup")), welcome=waits)
    who = lead()
    run(book, who, event(), event(id="e9"))
    assert len(who.runs) == 2
    rows = run(book, who, SIGNUP)
    assert outcomes(rows) == [
        ("wait", "run_ended", "done"), ("wait", "run_ended", "done"), ("remove", "removed_from_flow", "done"),
        ("after", "note_added", "done"),
    ]  # fmt: skip
    assert rows[1].data["ended"] == "has signed up"
    assert rows[3].data == {"campaign": "welcome", "runs": 2, "reason": "has signed up", "outcome": "done"}
    assert who.runs == {}
    assert pass_time(book, who, NOW + timedelta(days=1)) == []


def test_without_a_run_there_is_nothing_to_change() -> None:
    other = campaign(WAIT, on=on("page_view"))
    rows = run(rulebook(campaign(remove("welcome"), note("after")), welcome=other), lead())
    assert outcomes(rows) == [("remove", "removed_from_flow", "no_op"), ("after", "note_added", "done")]


def test_this_campaign_ends_with_all_its_runs() -> None:
    early = {"label": "early", "when": {"event": "cds", "operator": "is", "value": 1}, "steps": [WAIT]}
    book = rulebook(campaign(step("branch", "fork", cases=[early]), remove("this"), note("after"),
                             qualification={"inside": "parallel"}))  # fmt: skip
    who = lead()
    run(book, who, event())
    rows = run(book, who, event(id="e2", cds=2))
    assert outcomes(rows)[-1] == ("remove", "removed_from_flow", "done")
    assert rows[-1].data["ended"] == "removed"
    assert who.runs == {}


def test_the_campaign_that_waits_for_this_one_is_ended_too() -> None:
    outer = campaign(step("execute_campaign", "call", campaign="welcome"), note("after"))
    inner = campaign(remove("outer"), note("inside"), on=REQUESTED)
    who = lead()
    rows = run(rulebook(outer=outer, welcome=inner), who)
    assert [row.step for row in rows if row.step] == ["call", "remove", "inside"]
    assert who.runs == {}


def test_a_campaign_begins_anew_so_often_and_no_more() -> None:
    who = lead(score=0)
    counted = step("change_score", "add", op="add", amount=1)
    rows = run(rulebook(campaign(counted, restart(), note("end"))), who)
    assert who.values["score"] == 3
    assert [row.data["restart"] for row in rows if row.kind == "restarted" and "restart" in row.data] == [1, 2]
    assert outcomes(rows)[-2:] == [("restart", "restarted", "skipped"), ("end", "note_added", "done")]
    assert [row.step for row in rows].count("end") == 1


def test_a_restart_after_a_wait_begins_with_the_same_event() -> None:
    noted = step("change_field", "note", field="total", value="{{ event.amount }}")
    book, who = rulebook(campaign(noted, WAIT, restart(), note("end"))), lead()
    run(book, who, event(amount="7.50"))
    who.values["total"] = 0
    pass_time(book, who, NOW + timedelta(days=1))
    assert str(who.values["total"]) == "7.50"
    assert [parked.step for parked in who.runs.values()] == ["wait"]


def test_too_soon_after_a_restart_there_is_none() -> None:
    book, who = rulebook(campaign(restart(min_interval=DAY, max_restarts=9))), lead()
    rows = run(book, who)
    assert outcomes(rows) == [("restart", "restarted", "done"), ("restart", "restarted", "skipped")]
    assert "not again before" in rows[-1].data["reason"]
    later = run(book, who, event(id="e2"), now=NOW + timedelta(days=1))
    assert outcomes(later) == [("restart", "restarted", "done"), ("restart", "restarted", "skipped")]


def test_another_campaign_is_ended_and_begins_anew_though_it_admits_a_lead_once() -> None:
    waits = campaign(note("begin"), WAIT, on=REQUESTED, qualification={"times": 1})
    book = rulebook(campaign(restart("welcome"), note("after"), on=on("signup")), welcome=waits)
    who = lead()
    run(book, who, event("campaign.requested", campaign="welcome"))
    (first,) = who.runs
    rows = run(book, who, SIGNUP)
    assert [row.step for row in rows if row.step] == ["wait", "begin", "wait", "restart", "after"]
    assert rows[-2].data == {"campaign": "welcome", "restart": 1, "ended": 1, "outcome": "done"}
    assert first not in who.runs
    assert len(who.runs) == 1


def test_another_campaign_whose_filter_refuses_the_lead_goes_on_as_it_was() -> None:
    waits = campaign(WAIT, on=REQUESTED, filter={"field": "orders", "operator": "is_empty"})
    book = rulebook(campaign(restart("welcome"), on=on("signup")), welcome=waits)
    who = lead()
    run(book, who, event("campaign.requested", campaign="welcome"))
    before = dict(who.runs)
    who.values["orders"] = 1
    rows = run(book, who, SIGNUP)
    assert rows[-1].data["outcome"] == "skipped"
    assert who.runs == before


def test_who_waits_for_a_campaign_that_begins_anew_waits_for_the_new_run() -> None:
    outer = campaign(step("execute_campaign", "call", campaign="welcome"), note("after"))
    inner = campaign(note("begin"), restart(max_restarts=1), note("end"), on=REQUESTED)
    rows = run(rulebook(outer=outer, welcome=inner), lead())
    assert [row.step for row in rows if row.step] == ["begin", "restart", "begin", "restart", "end", "call", "after"]


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (remove("nowhere"), "campaign: unknown campaign 'nowhere'"),
        (remove(7), "campaign: expected the name of a campaign"),  # type: ignore[arg-type]
        (remove("this", reason=["x"]), "reason: expected"),
        (restart("nowhere"), "campaign: unknown campaign 'nowhere'"),
        (restart("silent"), "has no trigger campaign_requested"),
        (restart(max_restarts=0), "max_restarts: expected a whole number from 1 to 100"),
        (step("restart_campaign", campaign="this"), "max_restarts: is missing"),
        (restart(min_interval=3), "min_interval: expected a period"),
    ],
)
def test_a_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(broken)))


def test_nobody_can_be_inside_a_campaign_that_is_a_draft() -> None:
    (found,) = faults(campaign(remove("next")), schema(campaigns={"next": "draft"}))
    assert "campaign 'next' is draft; nobody can be inside" in found


def test_a_paused_campaign_may_still_have_runs_to_end() -> None:
    assert faults(campaign(remove("old"))) == []


def test_the_runs_of_all_campaigns_with_a_tag_end_and_no_others() -> None:
    tagged = campaign(WAIT, tags=["winback", "spring"])
    plain = campaign(step("wait_duration", "plain", wait=DAY))
    ends = campaign(remove({"tag": "winback"}), note("after"), on=on("signup"))
    book, who = rulebook(ends, tagged, {**tagged, "tags": ["winback"]}, plain), lead()
    run(book, who)
    rows = run(book, who, SIGNUP)
    assert outcomes(rows)[-2:] == [("remove", "removed_from_flow", "done"), ("after", "note_added", "done")]
    assert rows[-2].data == {"tag": "winback", "runs": 2, "reason": "removed", "outcome": "done"}
    assert [parked.step for parked in who.runs.values()] == ["plain"]
    assert outcomes(run(book, who, SIGNUP))[0] == ("remove", "removed_from_flow", "no_op")


def test_a_campaign_that_has_the_tag_itself_ends_too() -> None:
    rows = run(rulebook(campaign(remove({"tag": "winback"}), note("after"), tags=["winback"])), lead())
    assert [row.step for row in rows if row.step] == ["remove"]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (campaign(note("x"), tags="winback"), "tags: expected a list of at most 20 tags, got 'winback'"),
        (campaign(note("x"), tags=["Win back"]), "tags[0]: expected 1 to 63 lower-case letters, digits, - and _"),
        (campaign(note("x"), tags=["a", "a"]), "tags[1]: 'a' is there twice"),
        (
            campaign(remove({"tag": "winbak"})),
            "campaign.tag: no campaign has the tag 'winbak'; did you mean 'winback'?",
        ),
        (campaign(remove({"tag": 7})), "campaign.tag: expected the tag of campaigns, got 7"),
        (campaign(remove({"tags": "a"})), "campaign.tags: has no meaning here"),
    ],
)
def test_a_fault_of_a_tag_is_named(document: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults(document, schema(campaign_tags=frozenset({"winback"}))))
