"""Waits for something to happen: an event among several, a state of the lead."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.run import Heard, Run, keep_heard
from tests.unit.campaigns.acme import (
    NOW,
    campaign,
    due,
    event,
    faults,
    lead,
    note,
    on,
    outcomes,
    pass_time,
    rulebook,
    run,
    step,
)

DAY = timedelta(days=1)
ONE_DAY = {"amount": 1, "unit": "days"}


def branch(label: str, trigger: dict[str, Any], *, steps: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"label": label, "trigger": trigger, "steps": [note(label)] if steps is None else steps, **more}


BOUGHT = branch("bought", on("purchase"))
VIEWED = branch("viewed", on("page_view"))


def waiting(*branches: dict[str, Any], before: list[Any] | None = None, **more: Any) -> Rulebook:
    """Entered by a signup."""
    usual = {"branches": list(branches), "timeout": ONE_DAY, "on_timeout": [note("late")]}
    steps = [*(before or []), step("wait_for_event", "wait", **(usual | more)), note("after")]
    return rulebook(campaign(*steps, on=on("signup")))


def entered(book: Rulebook, **data: Any) -> LeadState:
    who = lead()
    run(book, who, event("signup", at=NOW, **({"email": "a@acme.test"} | data)))
    return who


def happens(book: Rulebook, who: LeadState, type: str, hours: int = 1, **data: Any) -> list[str | None]:
    """An event some hours on: the steps that run for it."""
    at = NOW + timedelta(hours=hours)
    rows = run(book, who, event(type, id=f"e{hours}", at=at, **data), now=at)
    return [row.step for row in rows if row.step is not None]


def passes(book: Rulebook, who: LeadState, time: datetime) -> list[str | None]:
    return [row.step for row in pass_time(book, who, time)]


# wait_for_event


def test_the_event_that_happens_decides_which_steps_run() -> None:
    book = waiting(BOUGHT, VIEWED)
    who = entered(book)
    rows = run(book, who, event("page_view", id="e2", at=NOW), now=NOW)
    assert outcomes(rows) == [("wait", "wait_ended", "done"), ("viewed", "note_added", "done"), ("after", "note_added", "done")]  # fmt: skip  # noqa: E501
    assert rows[1].data == {"label": "viewed", "event": "page_view", "outcome": "done"}
    assert who.runs == {}


def test_without_an_event_in_time_the_steps_for_that_run() -> None:
    book = waiting(BOUGHT)
    who = entered(book)
    assert passes(book, who, NOW + DAY - timedelta(seconds=1)) == []
    rows = pass_time(book, who, NOW + DAY)
    assert [row.step for row in rows] == ["wait", "late", "after"]
    assert rows[0].data == {"label": "timeout", "timed_out": True, "outcome": "done"}


def test_without_steps_for_a_timeout_the_run_goes_on() -> None:
    book = waiting(branch("bought", on("purchase"), steps=[]), on_timeout=[])
    assert passes(book, entered(book), NOW + DAY) == ["wait", "after"]
    assert happens(book, entered(book), "purchase") == ["wait", "after"]


def test_an_event_that_does_not_keep_to_the_constraints_leaves_the_run_waiting() -> None:
    many = on("purchase", where=[{"attribute": "cds", "operator": "at_least", "value": 5}])
    book = waiting(branch("many", many))
    who = entered(book)
    assert happens(book, who, "purchase", cds=4) == []
    assert happens(book, who, "purchase", 2, cds=5) == ["wait", "many", "after"]


def test_a_lead_changing_is_an_event_too() -> None:
    changed = branch("renamed", {"type": "field_changed", "field": "nickname", "to": "Jo"})
    naming = campaign(step("change_field", "naming", field="nickname", value="{{ event.shop }}"))
    usual = {"branches": [changed], "timeout": ONE_DAY}
    book = rulebook(campaign(step("wait_for_event", "wait", **usual), note("after"), on=on("signup")), naming)
    who = entered(book)
    assert happens(book, who, "purchase", shop="Al") == ["naming"]
    assert happens(book, who, "purchase", 2, shop="Jo") == ["naming", "wait", "renamed", "after"]


@pytest.mark.parametrize(("shop", "steps"), [("other", []), ("a@acme.test", ["wait", "bought", "after"]), (None, [])])
def test_an_event_may_have_to_match_the_runs_own(shop: str | None, steps: list[str]) -> None:
    book = waiting({**BOUGHT, "match": {"shop": "{{ event.email }}"}})
    assert happens(book, entered(book), "purchase", shop=shop) == steps


def test_without_a_value_to_match_no_event_does() -> None:
    book = waiting({**BOUGHT, "match": {"cds": "{{ event.age }}"}})
    assert happens(book, entered(book), "purchase") == []
    assert happens(book, entered(book, age=1), "purchase") == ["wait", "bought", "after"]


def test_a_match_holds_in_each_keyed_run_for_itself() -> None:
    wait = step("wait_for_event", "wait", branches=[{**BOUGHT, "match": {"cds": "{{ event.age }}"}}], timeout=ONE_DAY)
    book, who = rulebook(campaign(wait, on=on("signup"), qualification={"key": "{{ event.age }}"})), lead()
    for age in (1, 2):
        run(book, who, event("signup", id=f"s{age}", email="a", age=age), now=NOW)
    assert len(who.runs) == 2
    happens(book, who, "purchase", cds=2)
    assert [parked.key for parked in who.runs.values()] == ["1"]


def test_an_event_that_fits_two_branches_takes_the_first() -> None:
    book = waiting(BOUGHT, branch("again", on("purchase")))
    assert happens(book, entered(book), "purchase") == ["wait", "bought", "after"]


def test_the_best_event_of_all_decides_at_the_end() -> None:
    book = waiting(BOUGHT, VIEWED, branch("joined", on("signup")), decide="best")
    who = entered(book)
    assert happens(book, who, "signup", email="a") == []
    assert happens(book, who, "page_view", 2) == []
    assert happens(book, who, "signup", 3, email="a") == []
    assert passes(book, who, NOW + DAY) == ["wait", "viewed", "after"]


def test_nothing_is_better_than_the_first_so_it_decides_at_once() -> None:
    book = waiting(BOUGHT, VIEWED, decide="best")
    who = entered(book)
    happens(book, who, "page_view")
    assert happens(book, who, "purchase", 2) == ["wait", "bought", "after"]


def test_an_event_in_time_counts_even_if_it_is_heard_of_later() -> None:
    book = waiting(BOUGHT)
    who = entered(book)
    in_time = event("purchase", id="e2", at=NOW + DAY)
    assert [row.step for row in run(book, who, in_time, now=NOW + 2 * DAY)][1:] == ["wait", "bought", "after"]


def test_an_event_too_late_is_none_even_if_the_timeout_is_heard_of_later() -> None:
    book = waiting(BOUGHT)
    assert happens(book, entered(book), "purchase", 25) == ["wait", "late", "after"]


WAIT_FIRST = step("wait_duration", "first", wait={"amount": 10, "unit": "hours"})


@pytest.mark.parametrize(
    ("recent", "steps"),
    [
        (None, ["first", "wait"]),
        ({"amount": 5, "unit": "hours"}, ["first", "wait"]),
        ({"amount": 9, "unit": "hours"}, ["first", "wait", "bought", "after"]),
    ],
)
def test_recent_events_count_as_far_back_as_is_said(recent: Any, steps: list[str]) -> None:
    book = waiting(BOUGHT, before=[WAIT_FIRST], **({"include_recent": recent} if recent else {}))
    who = entered(book)
    assert happens(book, who, "purchase") == []
    assert passes(book, who, NOW + timedelta(hours=10)) == steps


def test_events_before_the_run_are_never_recent() -> None:
    book = waiting(BOUGHT, before=[WAIT_FIRST], include_recent=ONE_DAY)
    who = lead()
    happens(book, who, "purchase", 0)
    run(book, who, event("signup", id="s", at=NOW, email="a"))
    assert passes(book, who, NOW + timedelta(hours=10)) == ["first", "wait"]


def test_an_event_ends_one_wait_only() -> None:
    wait = step("wait_for_event", "wait", branches=[BOUGHT], timeout=ONE_DAY, include_recent=ONE_DAY)
    book = rulebook(
        campaign(WAIT_FIRST, wait, step("jump_to", "again", step="wait", max_jumps=1), note("after"), on=on("signup"))
    )
    who = entered(book)
    happens(book, who, "purchase")
    assert passes(book, who, NOW + timedelta(hours=10)) == ["first", "wait", "bought", "again", "wait"]
    assert happens(book, who, "purchase", 11) == ["wait", "bought", "again", "after"]


def test_an_event_that_one_wait_passed_over_is_recent_to_the_next() -> None:
    many = branch("many", on("purchase", where=[{"attribute": "cds", "operator": "at_least", "value": 5}]))
    waits = [
        step("wait_for_event", "one", branches=[many], timeout=ONE_DAY),
        step("wait_for_event", "two", branches=[BOUGHT], timeout=ONE_DAY, include_recent=ONE_DAY),
    ]
    book = rulebook(campaign(*waits, on=on("signup")))
    who = entered(book)
    assert happens(book, who, "purchase", 20) == []
    assert passes(book, who, NOW + DAY) == ["one", "two", "bought"]


def test_an_event_that_a_pause_kept_from_the_wait_counts_when_it_is_executed_again() -> None:
    book = waiting(BOUGHT)
    who = entered(book)
    ((id, parked),) = who.runs.items()
    who.runs[id] = keep_heard(parked, Heard("purchase", {"cds": 1, "amount": "1"}, NOW + timedelta(hours=1)))
    assert passes(book, who, NOW + DAY) == ["wait", "bought", "after"]


def test_what_is_stored_of_a_wait_for_the_best_event_restores_it() -> None:
    book = waiting(BOUGHT, VIEWED, decide="best")
    who = entered(book)
    happens(book, who, "page_view")
    (parked,) = who.runs.values()
    assert parked.state["memories"] == {"wait": {"place": 1, "event": "page_view"}}
    assert Run.restore(parked, next(iter(book.versions.values()))).park() == parked


# wait_for_condition

VIP = {"field": "tags", "operator": "contains_any_of", "value": ["vip"]}
YOUNG = {"field": "birthday", "operator": "in_past", "value": {"amount": 7, "unit": "days"}}
TAGGING = campaign(step("change_tags", "tagging", add=["vip"], remove=[]), on=on("purchase"))


def until(rule: Any, **more: Any) -> Rulebook:
    usual = {"rule": rule, "timeout": ONE_DAY, "on_timeout": [note("late")]}
    return rulebook(campaign(step("wait_for_condition", "wait", **(usual | more)), note("after"), on=on("signup")), TAGGING)  # fmt: skip  # noqa: E501


def test_a_condition_that_holds_is_not_waited_for() -> None:
    book, who = until(VIP), lead(tags={"vip"})
    rows = run(book, who, event("signup", email="a"))
    assert [row.step for row in rows[1:]] == ["wait", "after"]
    assert rows[1].data == {"satisfied": True, "outcome": "done"}


def test_a_change_that_fulfils_a_condition_ends_the_wait_at_once() -> None:
    book = until(VIP)
    who = entered(book)
    assert happens(book, who, "page_view") == []
    assert happens(book, who, "purchase", 2) == ["tagging", "wait", "after"]


def test_a_condition_that_does_not_come_to_hold_has_the_steps_for_that() -> None:
    book = until(VIP)
    who = entered(book)
    (parked,) = who.runs.values()
    assert parked.wake_at == NOW + DAY
    assert passes(book, who, NOW + DAY) == ["wait", "late", "after"]


def test_a_condition_on_the_clock_is_looked_at_hourly_and_quietly() -> None:
    book = until({"none": [YOUNG]})
    who = lead(birthday=date(2026, 3, 8))
    run(book, who, event("signup", email="a"), now=NOW)
    seen = []
    for hour in range(1, 30):
        (parked,) = who.runs.values()
        assert parked.wake_at == NOW + timedelta(hours=hour)
        seen = passes(book, who, NOW + timedelta(hours=hour))
        if seen:
            break
    assert (seen, hour) == (["wait", "after"], 11)  # at midnight in Berlin it is eight days ago


@pytest.mark.parametrize(
    ("rule", "hours"),
    [
        (VIP, 24),
        ({"any": [VIP, {"field": "orders", "operator": "at_least", "value": 3}]}, 24),
        ({"event": "email", "operator": "is", "value": "b"}, 24),
        ({"event": "occurred_at", "operator": "in_past", "value": ONE_DAY}, 24),
        ({"all": [VIP, {"none": [YOUNG]}]}, 1),
        ({"field": "last_seen", "operator": "before", "value": "{{ now }}"}, 1),
    ],
)
def test_only_a_rule_that_time_may_fulfil_is_looked_at_in_between(rule: Any, hours: int) -> None:
    who = entered(until(rule))
    found = [(parked.wake_at or NOW) - NOW for parked in who.runs.values()]
    assert found == ([timedelta(hours=hours)] if "occurred_at" not in str(rule) else [])


def test_a_condition_may_be_looked_at_hourly_alone() -> None:
    book = until(VIP, poll_on_change=False)
    who = entered(book)
    assert happens(book, who, "purchase") == ["tagging"]
    assert passes(book, who, NOW + timedelta(hours=1)) == ["wait", "after"]


def test_a_change_leaves_the_next_look_where_it_is() -> None:
    book = until({"all": [{"none": [YOUNG]}, VIP]})
    who = entered(book)
    who.values["birthday"] = date(2026, 3, 14)
    (before,) = due(who, NOW + DAY)
    assert happens(book, who, "purchase", 0) == ["tagging"]
    assert due(who, NOW + DAY) == [before]


# faults


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("wait_for_event", {"branches": [BOUGHT]}, "timeout: is missing"),
        ("wait_for_event", {"branches": [], "timeout": ONE_DAY}, "branches: expected a list of 1 to 20 branches"),
        ("wait_for_event", {"branches": [{"label": "a"}], "timeout": ONE_DAY}, "branches[0]: expected an object with"),
        ("wait_for_event", {"branches": [BOUGHT, BOUGHT | {"steps": []}], "timeout": ONE_DAY}, "branches: has a label"),
        (
            "wait_for_event",
            {"branches": [branch("a", {"type": "nothing"})], "timeout": ONE_DAY},
            "branches[0].trigger.type: unknown trigger",
        ),
        (
            "wait_for_event",
            {"branches": [BOUGHT | {"match": {"colour": "red"}}], "timeout": ONE_DAY},
            "branches[0].match.colour: event type 'purchase' has no such attribute",
        ),
        (
            "wait_for_event",
            {"branches": [BOUGHT | {"match": {"cds": "many"}}], "timeout": ONE_DAY},
            "branches[0].match.cds: expected a whole number",
        ),
        (
            "wait_for_event",
            {"branches": [BOUGHT | {"match": {"cds": None}}], "timeout": ONE_DAY},
            "branches[0].match.cds: must not be null",
        ),
        ("wait_for_event", {"branches": [BOUGHT | {"match": []}], "timeout": ONE_DAY}, "branches[0].match: expected"),
        ("wait_for_event", {"branches": [BOUGHT | {"steps": [step("no", "x")]}], "timeout": ONE_DAY}, "branches[0].steps[0].action: unknown action"),  # noqa: E501
        ("wait_for_event", {"branches": [BOUGHT], "timeout": ONE_DAY, "decide": "last"}, "decide: expected one of"),
        ("wait_for_event", {"branches": [BOUGHT], "timeout": {"amount": 0, "unit": "days"}}, "timeout: must be at"),
        ("wait_for_condition", {"rule": VIP}, "timeout: is missing"),
        ("wait_for_condition", {"rule": {}, "timeout": ONE_DAY}, "rule: expected an object with one of"),
        ("wait_for_condition", {"rule": VIP, "timeout": {"amount": 2, "unit": "years"}}, "timeout: is longer than"),
        ("wait_for_condition", {"rule": VIP, "timeout": ONE_DAY, "poll_on_change": 2}, "poll_on_change: expected true"),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_is(action: str, params: dict[str, Any], fault: str) -> None:
    assert faults(campaign(step(action, **params)))[0].startswith(f"steps[0].params.{fault}")
