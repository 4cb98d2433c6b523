"""Runs that wait for the campaigns which they requested."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import CampaignRow, Condition, Rulebook, compile_rulebook
from tests.unit.campaigns.acme import (
    NOW,
    campaign,
    event,
    faults,
    lead,
    note,
    on,
    pass_time,
    rulebook,
    run,
    schema,
    step,
)

DAY, WEEK = {"amount": 1, "unit": "days"}, {"amount": 7, "unit": "days"}
REQUESTED = {"type": "campaign_requested"}
TENANT = schema(campaigns={"a": "active", "b": "active"}, requestable=frozenset({"a", "b"}))
SIGNUP = event("signup", id="e2", email="a@b.test")


def ask(campaign: str, id: str = "") -> dict[str, Any]:
    return step("request_campaign", id or f"ask-{campaign}", campaign=campaign)


def joined(*campaigns: str, **more: Any) -> dict[str, Any]:
    return step("join", "join", **{"campaigns": list(campaigns), "timeout": WEEK} | more)


def wait(id: str, days: int = 1) -> dict[str, Any]:
    return step("wait_duration", id, wait={"amount": days, "unit": "days"})


def child(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return campaign(*steps, on=REQUESTED, **more)


def books(*steps: dict[str, Any], a: Any = None, b: Any = None) -> Rulebook:
    usual = child(note("in-a")), child(note("in-b"))
    return rulebook(outer=campaign(*steps, note("after")), a=a or usual[0], b=b or usual[1], tenant=TENANT)


def at(who: LeadState) -> list[str]:
    return sorted(parked.step for parked in who.runs.values())


def steps_of(rows: Any) -> list[str]:
    return [row.step for row in rows if row.step]


def said(rows: Any) -> dict[str, Any]:
    return next(row.data for row in rows if row.step == "join" and row.kind == "joined")


def test_all_that_were_requested_run_first() -> None:
    who = lead()
    rows = run(books(ask("a"), ask("b"), joined("a", "b")), who)
    assert steps_of(rows) == ["ask-a", "ask-b", "join", "in-a", "in-b", "join", "after"]
    assert said(rows) == {"over": 2, "of": 2, "outcome": "done"}
    assert who.runs == {}


def test_it_waits_for_the_last_one_through_their_waits() -> None:
    book, who = books(ask("a"), ask("b"), joined("a", "b"), a=child(wait("one")), b=child(wait("two", 2))), lead()
    run(book, who)
    assert at(who) == ["join", "one", "two"]
    pass_time(book, who, NOW + timedelta(days=1))
    assert at(who) == ["join", "two"]
    assert steps_of(pass_time(book, who, NOW + timedelta(days=2))) == ["two", "join", "after"]


@pytest.mark.parametrize(("more", "left"), [({"mode": "any"}, ["two"]), ({"mode": "n", "count": 1}, ["two"])])
def test_it_waits_for_so_many_of_them(more: dict[str, Any], left: list[str]) -> None:
    book = books(ask("a"), ask("b"), joined("a", "b", **more), a=child(wait("one")), b=child(wait("two", 2)))
    who = lead()
    run(book, who)
    rows = pass_time(book, who, NOW + timedelta(days=1))
    assert (said(rows)["over"], steps_of(rows)[-1], at(who)) == (1, "after", left)


def test_one_that_was_over_before_the_run_came_to_wait_counts() -> None:
    book, who = books(ask("a"), wait("long", 3), joined("a"), a=child(wait("short"))), lead()
    run(book, who)
    pass_time(book, who, NOW + timedelta(days=1))
    assert steps_of(pass_time(book, who, NOW + timedelta(days=3))) == ["long", "join", "after"]


def test_one_that_does_not_let_the_lead_in_is_over() -> None:
    closed = child(note("in-a"), filter={"field": "orders", "operator": "is_not_empty"})
    assert steps_of(run(books(ask("a"), joined("a"), a=closed), lead())) == ["ask-a", "join", "join", "after"]


def test_one_that_wakes_who_asked_for_it_as_it_begins_is_not_over() -> None:
    steps = [ask("a"), step("execute_campaign", "run-a", campaign="a"), joined("a")]
    book, who = books(*steps, a=child(wait("one"), qualification={"inside": "restart"})), lead()
    assert steps_of(run(book, who))[-2:] == ["join", "one"]
    assert at(who) == ["join", "one"]
    assert steps_of(pass_time(book, who, NOW + timedelta(days=1))) == ["one", "join", "after"]


@pytest.mark.parametrize("rest", [[], [wait("rest")]], ids=["ends within the event", "waits"])
def test_one_that_wakes_who_asked_for_it_by_a_step_is_not_over_before_its_own_end(rest: list[dict[str, Any]]) -> None:
    end_b = step("remove_from_flow", "end-b", campaign="b")
    steps = [ask("a"), step("execute_campaign", "run-b", campaign="b"), joined("a")]
    book, who = books(*steps, a=child(end_b, note("last"), *rest), b=child(wait("long", 9))), lead()
    rows = steps_of(run(book, who)) + steps_of(pass_time(book, who, NOW + timedelta(days=1)))
    assert rows.index("after") > rows.index("rest" if rest else "last")
    assert rows.count("after") == 1


def test_one_that_is_ended_by_its_exit_or_by_hand_is_over() -> None:
    out = [{"label": "out", "trigger": on("signup")}]
    book, who = books(ask("a"), joined("a"), a=child(wait("one"), exits=out)), lead()
    run(book, who)
    assert steps_of(run(book, who, SIGNUP)) == ["one", "join", "after"]
    remove = campaign(step("remove_from_flow", "remove", campaign="a"), on=on("signup"))
    book = rulebook(
        outer=campaign(ask("a"), joined("a"), note("after")), a=child(wait("one")), other=remove, tenant=TENANT
    )
    who = lead()
    run(book, who)
    assert steps_of(run(book, who, SIGNUP)) == ["one", "remove", "join", "after"]


def test_an_exit_that_looks_at_the_lead_is_seen_too() -> None:
    out = [{"label": "out", "when": {"field": "tags", "operator": "contains_any_of", "value": ["hot"]}}]
    tag = campaign(step("change_tags", "tag", add=["hot"]), on=on("signup"))
    book = rulebook(
        outer=campaign(ask("a"), joined("a"), note("after")), a=child(wait("one"), exits=out), tag=tag, tenant=TENANT
    )
    who = lead()
    run(book, who)
    assert steps_of(run(book, who, SIGNUP)) == ["tag", "one", "join", "after"]


def test_what_another_run_requested_is_not_waited_for() -> None:
    other = campaign(ask("a", "other"), on=on("signup"))
    document = campaign(ask("a"), joined("a"), note("after"))
    many = child(wait("one"), qualification={"inside": "parallel"})
    book, who = rulebook(outer=document, a=many, other=other, tenant=TENANT), lead()
    run(book, who)
    run(book, who, SIGNUP, now=NOW + timedelta(hours=5))
    assert at(who) == ["join", "one", "one"]
    rows = pass_time(book, who, NOW + timedelta(days=1))
    assert (steps_of(rows), at(who)) == (["one", "join", "after"], ["one"])


def test_one_that_was_not_requested_on_this_way_is_no_reason_to_wait() -> None:
    never = {"label": "x", "when": {"field": "orders", "operator": "is", "value": 9}, "steps": [ask("b")]}
    rows = run(books(ask("a"), step("branch", "fork", cases=[never]), joined("a", "b")), lead())
    assert said(rows) == {"over": 1, "of": 1, "not_requested": ["b"], "outcome": "done"}


def test_in_a_loop_each_round_waits_for_its_own() -> None:
    body = [ask("a"), joined("a")]
    loop = step("for_each", "loop", **{"as": "n", "type": "integer", "items": [1, 2], "body": body})
    book, who = books(loop, a=child(wait("one"))), lead()
    run(book, who)
    assert at(who) == ["join", "one"]
    assert steps_of(pass_time(book, who, NOW + timedelta(days=1))) == [
        "one", "join", "loop", "ask-a", "join", "one",
    ]  # fmt: skip
    assert at(who) == ["join", "one"]
    assert steps_of(pass_time(book, who, NOW + timedelta(days=2)))[-1] == "after"


def test_in_a_loop_what_was_over_in_the_round_before_is_nothing() -> None:
    steps = [ask("a"), joined("a", mode="any"), step("jump_to", "again", step="ask-a", max_jumps=1)]
    book, who = books(*steps, a=child(wait("one"))), lead()
    run(book, who)
    rows = pass_time(book, who, NOW + timedelta(days=1))
    assert (at(who), said(rows)) == (["join", "one"], {"over": 1, "of": 1, "outcome": "done"})
    assert steps_of(pass_time(book, who, NOW + timedelta(days=2)))[-3:] == ["join", "again", "after"]


def test_one_whose_campaign_is_emptied_is_over() -> None:
    rows = [
        CampaignRow(1, "outer", "outer", 1, 1, campaign(ask("a"), joined("a"), note("after"))),
        CampaignRow(2, "a", "a", 1, 2, child(wait("one"))),
    ]
    who = lead()
    run(compile_rulebook(TENANT, 1, rows), who)
    emptied = {2: Condition("", NOW + timedelta(hours=1))}
    book = compile_rulebook(TENANT, 2, rows, conditions=emptied)
    found = run(book, who, SIGNUP) + pass_time(book, who, NOW)
    assert (steps_of(found)[-2:], who.runs) == (["join", "after"], {})


def test_who_takes_too_long_is_not_waited_for() -> None:
    book = books(ask("a"), joined("a", timeout=DAY, on_timeout=[note("late")]), a=child(wait("one", 3)))
    who = lead()
    run(book, who)
    rows = pass_time(book, who, NOW + timedelta(days=1))
    assert steps_of(rows) == ["join", "late", "after"]
    assert said(rows) == {"over": 0, "of": 1, "timed_out": True, "going": ["a"], "outcome": "done"}
    assert at(who) == ["one"]


def test_events_that_change_nothing_write_nothing_and_wait_no_longer() -> None:
    book, who = books(ask("a"), joined("a"), a=child(wait("one"))), lead()
    run(book, who)
    who.changed_runs = frozenset()
    rows = run(book, who, event("page_view", id="e3"), now=NOW + timedelta(hours=1))
    assert (steps_of(rows), who.changed_runs) == ([], set())
    assert {parked.wake_at for parked in who.runs.values() if parked.step == "join"} == {NOW + timedelta(days=7)}


def test_a_request_that_nobody_joins_says_nothing_of_who_asks() -> None:
    rows = run(rulebook(outer=campaign(ask("a")), a=child(note("in-a")), tenant=TENANT), lead())
    assert rows[1].data == {"campaign": "a", "outcome": "done"}


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (joined(), "campaigns: expected a list of 1 to 100 different campaigns"),
        (joined("a", "a"), "campaigns: expected a list of 1 to 100 different campaigns"),
        (joined("c"), "campaigns[0]: no step of this campaign requests 'c'"),
        (step("join", campaigns=["a"]), "timeout: is missing"),
        (joined("a", mode="some"), "mode: expected one of all, any, n"),
        (joined("a", mode="n", count=0), "count: expected a whole number from 1 to 100"),
        (step("join", campaigns=[7], timeout=DAY), "campaigns[0]: expected the key of a campaign, got 7"),
    ],
)
def test_a_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(ask("a"), broken), TENANT))


def test_the_name_by_which_requests_are_told_apart_is_no_token() -> None:
    request = step("request_campaign", campaign="a", tokens={"requested_by": "x"})
    (fault,) = faults(campaign(request), TENANT)
    assert "'requested_by' is the request's own" in fault
