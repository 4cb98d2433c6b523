"""Another campaign as a part of this one: in series, with what it is told and what comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.language.executing import executed_by
from campaigns.language.run import Run
from tests.unit.campaigns.acme import (
    NOW,
    campaign,
    event,
    faults,
    lead,
    on,
    outcomes,
    pass_time,
    rulebook,
    run,
    schema,
    step,
)

DAY = {"amount": 1, "unit": "days"}
REQUESTED = {"type": "campaign_requested"}


def execute(campaign: str = "welcome", id: str = "call", **more: Any) -> dict[str, Any]:
    return step("execute_campaign", id, campaign=campaign, **more)


def note(id: str, text: str | None = None) -> dict[str, Any]:
    return step("add_note", id, text=text or id)


def setting(name: str, value: Any, type: str = "integer") -> dict[str, Any]:
    return step("set_run_variable", f"set-{name}", name=name, type=type, value=value)


def child(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return campaign(*steps, on=REQUESTED, **more)


def wait(id: str = "wait") -> dict[str, Any]:
    return step("wait_duration", id, wait=DAY)


def test_the_other_campaign_runs_first_and_this_one_goes_on_after_it() -> None:
    who = lead()
    rows = run(rulebook(campaign(note("before"), execute(), note("after")), welcome=child(note("inside"))), who)
    assert [row.step for row in rows if row.step] == ["before", "inside", "call", "after"]
    assert rows[3].data == {"campaign": "welcome", "qualified": True, "run": rows[3].data["run"], "outcome": "done"}
    assert rows[3].kind == "executed_campaign"
    assert who.runs == {}


def test_while_the_other_waits_so_does_this_one_and_both_are_stored() -> None:
    book, who = rulebook(campaign(execute(), note("after")), welcome=child(wait(), note("inside"))), lead()
    rows = run(book, who)
    assert outcomes(rows) == [("wait", "wait_entered", "deferred")]
    parent, inner = sorted(who.runs.values(), key=lambda parked: parked.campaign_id)
    assert (parent.step, parent.wake_at) == ("call", None)
    assert inner.state["parent"] == parent.id
    assert Run.restore(parent, book.versions[1, 1]).park() == parent
    rows = pass_time(book, who, NOW + timedelta(days=1))
    assert [row.step for row in rows] == ["wait", "inside", "call", "after"]
    assert who.runs == {}


def test_what_it_is_told_is_its_event_and_its_variables_come_back() -> None:
    inner = child(setting("count", {"expression": "1 + 1"}), setting("word", "{{ event.greeting }}", "text"))
    outer = campaign(
        execute(tokens={"greeting": "to {{ event.shop }}", "cds": "{{ event.cds }}"},
                outputs={"count": "integer", "word": "text", "never": "date"}),
        step("change_field", "taken", field="orders", value="{{ run.count }}"),
        note("said", "{{ run.word }}, {{ run.never }}."),
    )  # fmt: skip
    who = lead()
    rows = run(rulebook(outer, welcome=inner), who, event(shop="north"))
    assert who.values["orders"] == 2
    assert rows[-1].data["text"] == "to north, ."


def test_it_sees_the_event_of_this_run_where_it_inherits_it_and_else_not() -> None:
    for context, shown in (("inherit", "3"), ("own", "")):
        inner = child(note("seen", "{{ event.cds }}."))
        rows = run(rulebook(campaign(execute(context=context)), welcome=inner), lead(), event(cds=3))
        assert [row.data["text"] for row in rows if row.step == "seen"] == [f"{shown}."]


@pytest.mark.parametrize(
    "closed",
    [
        {"filter": {"field": "orders", "operator": "is_not_empty"}},
        {"qualification": {"times": 1, "key": "{{ event.greeting }}"}},
    ],
)
def test_who_does_not_qualify_goes_on_at_once_and_it_is_told(closed: dict[str, Any]) -> None:
    book = rulebook(campaign(execute(), note("after")), welcome=child(note("inside"), **closed))
    who = lead()
    if "qualification" in closed:
        run(book, who, event("campaign.requested", id="first", campaign="welcome"))
    rows = run(book, who)
    assert [row.step for row in rows if row.step] == ["call", "after"]
    assert rows[1].data["qualified"] is False


@pytest.mark.parametrize(
    "others", [{}, {"welcome": campaign(note("inside"), on=on("signup"))}], ids=["not there", "not requestable"]
)
def test_a_campaign_that_is_not_active_fails_loudly(others: dict[str, Any]) -> None:
    rows = run(rulebook(campaign(execute(), note("after")), **others), lead())
    assert outcomes(rows) == [("call", "executed_campaign", "failed"), ("after", "note_added", "done")]
    assert "campaign welcome is not active or has no trigger campaign_requested" in rows[1].data["reason"]


def test_an_output_of_another_type_fails_the_step() -> None:
    outer = campaign(execute(outputs={"count": "integer"}))
    rows = run(rulebook(outer, welcome=child(setting("count", "x", "text"))), lead())
    assert rows[-1].data["outcome"] == "failed"
    assert "count of welcome came back as text, long; the step expects whole number" in rows[-1].data["reason"]


def test_an_exit_of_the_other_campaign_lets_this_one_go_on() -> None:
    leaving = {"label": "signed up", "trigger": on("signup")}
    book = rulebook(campaign(execute(), note("after")), welcome=child(wait(), note("inside"), exits=[leaving]))
    who = lead()
    run(book, who)
    rows = run(book, who, event("signup", id="e2", email="a@acme.test"))
    assert [row.step for row in rows if row.step] == ["wait", "call", "after"]
    assert who.runs == {}


def test_campaigns_that_execute_each_other_come_to_an_end() -> None:
    """Not by publication, which refuses them: by the depth that all events have."""
    parallel = {"inside": "parallel"}
    ping = campaign(execute("pong"), on=REQUESTED, qualification=parallel)
    pong = child(execute("ping"), qualification=parallel)
    who = lead()
    rows = run(rulebook(ping=ping, pong=pong), who, event("campaign.requested", campaign="ping"))
    assert [row.data["outcome"] for row in rows if row.step].count("failed") == 1
    assert "followed one from another" in next(row.data["reason"] for row in rows if "reason" in row.data)
    assert who.runs == {}


def test_where_the_other_is_stopped_for_good_so_is_this_one() -> None:
    endless = child(step("jump_to", "again", step="again", max_jumps=1000), note("inside"))
    who = lead()
    rows = run(rulebook(campaign(execute(), note("after")), welcome=endless), who)
    assert rows[-1].kind == "loop_stopped"
    assert who.runs == {}


def test_circles_are_refused_on_publication_over_any_number_of_campaigns() -> None:
    tenant = schema(
        campaigns={"me": "draft", "welcome": "active", "next": "active"},
        requestable=frozenset({"welcome", "next"}),
        executes={"welcome": frozenset({"next"}), "next": frozenset({"me"})},
    )
    (found,) = faults(campaign(execute()), tenant, key="me")
    assert found.endswith("execute each other in a circle: me → welcome → next → me")
    assert faults(campaign(execute()), tenant, key="other") == []


def test_whom_a_document_executes_is_found_in_branches_and_choices() -> None:
    chosen = {
        "id": "c", "action": "execute_campaign", "default": {"campaign": "three"},
        "choices": [{"when": {}, "params": {"campaign": "two"}}],
    }  # fmt: skip
    document = campaign(step("branch", "b", cases=[{"label": "x", "when": {}, "steps": [execute("one")]}]), chosen)
    assert executed_by(document) == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (execute("nowhere"), "campaign: unknown campaign 'nowhere'"),
        (execute("old"), "campaign: campaign 'old' is paused; only an active campaign can be requested"),
        (execute("silent"), "campaign: campaign 'silent' has no trigger campaign_requested"),
        (execute(context="both"), "context: expected one of inherit, own"),
        (execute(tokens={"campaign": "x"}), "tokens.campaign: 'campaign' is the request's own"),
        (execute(tokens={"Big": "x"}), "tokens.Big: expected 1 to 63 lower-case letters"),
        (execute(tokens=["x"]), "tokens: expected an object of at most 100 names"),
        (execute(tokens={"x": "{{ event.nope }}"}), "tokens.x: event type 'purchase' has no attribute 'nope'"),
        (execute(outputs={"count": "number"}), "outputs.count: expected one of string"),
        (execute(outputs={"id": "string"}), "outputs.id: 'id' is the run's own"),
    ],
)  # fmt: skip
def test_a_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(broken)))
