"""Letting leads through slowly, and making one run of many."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.slots import note_slot
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
    step,
)

MINUTE = timedelta(minutes=1)
QUIET = {"quiet_for": {"amount": 5, "unit": "minutes"}, "max_wait": {"amount": 12, "unit": "minutes"}}
PARALLEL = {"qualification": {"inside": "parallel"}}


# throttle


def throttled(**more: Any) -> Rulebook:
    usual = {"key": "sms", "rate": 2, "per": "minute"}
    return rulebook(campaign(step("throttle", "slow", **(usual | more)), note("next"), note("last")))


def got(book: Rulebook, slot: datetime | None, now: datetime = NOW) -> tuple[LeadState, list[tuple[str, str, str]]]:
    """A lead whose run asked, was stored with that slot, and was told that its time has come."""
    who = lead()
    assert outcomes(run(book, who, event())) == []
    (parked,) = who.runs.values()
    parked.state, parked.wake_at, parked.asks = note_slot(parked.state, "slow", slot), slot or now, None
    return who, outcomes(pass_time(book, who, now))


def test_a_run_asks_for_a_slot_and_rests() -> None:
    who = lead()
    run(throttled(burst=2), who, event())
    (parked,) = who.runs.values()
    assert parked.asks is not None
    assert (parked.asks.key, parked.asks.every, parked.asks.burst, parked.asks.waits) == ("sms", MINUTE / 2, 2, True)
    assert parked.wake_at is None


def test_when_its_slot_has_come_the_run_goes_on() -> None:
    who, rows = got(throttled(), NOW)
    assert rows == [("slow", "throttled", "done"), ("next", "note_added", "done"), ("last", "note_added", "done")]
    assert who.runs == {}


def test_a_run_told_before_its_slot_rests_on_until_then() -> None:
    book = throttled()
    who = lead()
    run(book, who, event())
    (parked,) = who.runs.values()
    parked.state, parked.wake_at = note_slot(parked.state, "slow", NOW + MINUTE), NOW
    assert pass_time(book, who, NOW) == []
    (parked,) = who.runs.values()
    assert (parked.wake_at, parked.asks) == (NOW + MINUTE, None)
    assert [row.step for row in pass_time(book, who, NOW + MINUTE)] == ["slow", "next", "last"]


def test_those_too_many_may_go_on_without_the_next_step() -> None:
    _, rows = got(throttled(overflow="skip"), None)
    assert rows == [("slow", "throttled", "skipped"), ("last", "note_added", "done")]


def test_those_too_many_may_take_other_steps() -> None:
    _, rows = got(throttled(overflow="branch", on_overflow=[note("other")]), None)
    assert [row[0] for row in rows] == ["slow", "other", "next", "last"]


def test_a_key_may_be_a_template_and_one_that_comes_to_nothing_fails() -> None:
    book = throttled(key="{{ event.shop }}")
    who = lead()
    run(book, who, event(shop="berlin"))
    (parked,) = who.runs.values()
    assert parked.asks is not None
    assert parked.asks.key == "berlin"
    assert outcomes(run(book, lead(), event()))[0] == ("slow", "throttled", "failed")


def test_a_run_that_comes_again_asks_again() -> None:
    looped = campaign(step("throttle", "slow", key="a", rate=1, per="day"), step("jump_to", "again", step="slow", max_jumps=1))  # fmt: skip  # noqa: E501
    book = rulebook(looped)
    who, _ = got(book, NOW)
    (parked,) = who.runs.values()
    assert parked.asks is not None
    assert "slot" not in str(parked.state)


# debounce


def debounced(*steps: dict[str, Any], **more: Any) -> Rulebook:
    first = step("debounce", "calm", **({"key": "orders"} | QUIET | more))
    return rulebook(campaign(first, *(steps or [note("next")]), **PARALLEL))


def burst(book: Rulebook, *minutes: int) -> LeadState:
    """A purchase at each of these minutes; what is due is told in between."""
    who = lead()
    for place, minute in enumerate(minutes):
        now = NOW + minute * MINUTE
        pass_time(book, who, now)
        run(book, who, event(id=f"e{place}", at=now, cds=place, shop=f"s{minute}"), now=now)
    return who


def ends(book: Rulebook, who: LeadState) -> tuple[float, list[Any]]:
    """In how many minutes the run goes on, and what it does."""
    (parked,) = who.runs.values()
    assert parked.wake_at is not None
    return (parked.wake_at - NOW) / MINUTE, pass_time(book, who, parked.wake_at)


def test_a_run_alone_goes_on_when_it_was_quiet() -> None:
    book = debounced()
    minutes, rows = ends(book, burst(book, 0))
    assert (minutes, rows[0].data["count"]) == (5, 1)


@pytest.mark.parametrize(("minutes", "until"), [((0, 1), 6), ((0, 4, 8), 12), ((0, 3, 6, 9, 11), 12), ((0, 7), 12)])
def test_runs_that_follow_put_it_off_until_it_is_quiet_or_has_waited_long_enough(
    minutes: tuple[int, ...], until: int
) -> None:
    book = debounced()
    who = burst(book, *minutes)
    found, rows = ends(book, who)
    assert found == until
    assert [row.step for row in rows] == ["calm", "next"]
    assert rows[0].data["count"] == (1 if minutes == (0, 7) else len(minutes))
    assert who.runs == {}


def test_a_run_that_is_merged_ends_there_and_says_into_which() -> None:
    book, who = debounced(), lead()
    run(book, who, event())
    (first,) = who.runs
    rows = run(book, who, event(id="e2"))
    assert outcomes(rows) == [("calm", "debounced", "done")]
    assert rows[-1].data["ended"] == f"merged into {first}"
    assert list(who.runs) == [first]


@pytest.mark.parametrize(("keep", "shop"), [("first", "s0"), ("last", "s4"), ("all", "s4")])
def test_later_steps_see_the_event_that_is_kept(keep: str, shop: str) -> None:
    book = debounced(step("change_field", "next", field="notes", value="{{ event.shop }}"), keep=keep)
    who = burst(book, 0, 2, 4)
    ends(book, who)
    assert who.values["notes"] == shop


def test_all_events_can_be_read_when_all_are_kept() -> None:
    counted = step("change_field", "next", field="notes", value="{% for e in run.debounced.events %}{{ e.data.shop }} {% endfor %}")  # fmt: skip  # noqa: E501
    book = debounced(counted, keep="all")
    who = burst(book, 0, 2, 4)
    ends(book, who)
    assert who.values["notes"].split() == ["s0", "s2", "s4"]


def test_runs_of_other_keys_are_left_alone() -> None:
    book = debounced(key="{{ event.shop }}")
    who = burst(book, 0, 1)
    assert len(who.runs) == 2


def test_runs_of_other_campaigns_are_left_alone() -> None:
    first = step("debounce", "calm", key="orders", **QUIET)
    book = rulebook(campaign(first, **PARALLEL), campaign(first, **PARALLEL))
    assert len(burst(book, 0, 1).runs) == 2


def test_each_putting_off_is_a_wait_of_its_own_to_the_waker() -> None:
    book = debounced()
    who = burst(book, 0, 1, 2)
    (parked,) = who.runs.values()
    assert parked.waits == 3


def test_a_key_that_comes_to_nothing_fails_and_the_run_goes_on() -> None:
    book = debounced(key="{{ event.shop }}")
    rows = run(book, lead(), event())
    assert outcomes(rows) == [("calm", "debounced", "failed"), ("next", "note_added", "done")]


# faults


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("throttle", {"key": " ", "rate": 1, "per": "day"}, "key: must not be empty"),
        ("throttle", {"key": None, "rate": 1, "per": "day"}, "key: must not be null"),
        ("throttle", {"key": "{{ event.size }}", "rate": 1, "per": "day"}, "key: event type 'purchase' has no"),
        ("throttle", {"key": "a", "rate": 0, "per": "day"}, "rate: expected a whole number from 1"),
        ("throttle", {"key": "a", "rate": 1, "per": "week"}, "per: expected one of second, minute, hour, day"),
        ("throttle", {"key": "a", "rate": 2, "per": "day", "burst": 3}, "burst: is more than the rate, 2"),
        ("throttle", {"key": "a", "rate": 2, "per": "day", "overflow": "drop"}, "overflow: expected one of wait"),
        ("debounce", {"key": "", **QUIET}, "key: must not be empty"),
        ("debounce", {"key": "a", "quiet_for": QUIET["quiet_for"]}, "max_wait: is missing"),
        ("debounce", {"key": "a", **QUIET, "max_wait": {"amount": 4, "unit": "minutes"}}, "max_wait: is shorter than"),
        ("debounce", {"key": "a", **QUIET, "keep": "none"}, "keep: expected one of first, last, all"),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_is(action: str, params: dict[str, Any], fault: str) -> None:
    assert faults(campaign(step(action, **params), **PARALLEL))[0].startswith(f"steps[0].params.{fault}")


@pytest.mark.parametrize(
    ("qualification", "is_fault"),
    [
        (None, True),
        ({"inside": "restart"}, True),
        ({"inside": "parallel"}, False),
        ({"key": "{{ event.shop }}"}, False),
    ],
)
def test_runs_that_never_meet_cannot_be_made_one(qualification: Any, is_fault: bool) -> None:
    document = campaign(step("debounce", key="a", **QUIET), on=on("purchase"), qualification=qualification)
    found = ["is of no use while one run keeps others out" in fault for fault in faults(document)]
    assert found == [True] * is_fault
