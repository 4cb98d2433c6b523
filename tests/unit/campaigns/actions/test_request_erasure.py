from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.actions.request_erasure import SOONEST
from campaigns.language.effects import NO_END
from campaigns.language.lead import Erasure
from tests.unit.campaigns.acme import NOW, act, campaign, event, faults, lead, outcomes, rulebook, run, step

ACTION = "request_erasure"
WAIT = step("wait_duration", "wait", wait={"amount": 1, "unit": "hours"})
COUNT = step("increment_number", "count", field="orders", by=1)
MONTH = NOW + timedelta(days=30)
FIRST = Erasure("anonymise", MONTH, None, 9, "another")


def test_the_lead_is_frozen_at_once_and_erased_when_the_delay_is_over() -> None:
    who = lead()
    row = act(who, ACTION, mode="erase", delay={"amount": 2, "unit": "days"})
    assert row == {"mode": "erase", "due_at": "2026-03-17T12:00:00Z", "outcome": "done"}
    assert who.erasure is not None and who.erasure.campaign_id == 1
    assert (who.erasure.mode, who.erasure.due_at) == ("erase", NOW + timedelta(days=2))
    assert (who.frozen_until, who.changed) == (NO_END, {"frozen_until"})


def test_without_more_said_it_is_anonymised_after_thirty_days() -> None:
    who = lead()
    assert act(who, ACTION)["mode"] == "anonymise"
    assert who.erasure is not None and who.erasure.due_at == MONTH


def test_no_delay_is_as_soon_as_bundles_that_were_begun_are_over() -> None:
    who = lead()
    act(who, ACTION, delay={"amount": 0, "unit": "days"})
    assert who.erasure is not None and who.erasure.due_at == NOW + SOONEST


def test_its_runs_end_and_nobody_hears_any_more() -> None:
    waits = campaign(WAIT, COUNT)
    asks = campaign(step(ACTION), on={"type": "event", "event": "signup"})
    hears = campaign(COUNT, on={"type": "event", "event": "signup"})
    book, who = rulebook(waits, asks, hears), lead(orders=0)
    run(book, who)

    rows = run(book, who, event("signup", id="e2", email="a"))

    assert outcomes(rows) == [("wait", "run_ended", "done"), ("one", "erasure_requested", "done")]
    assert rows[1].data["ended"] == "erasure requested"
    assert (who.runs, len(who.changed_runs), who.values["orders"]) == ({}, 1, 0)


def test_the_run_that_asks_ends_though_it_had_rested_and_another_waits_for_it() -> None:
    child = campaign(WAIT, step(ACTION), on={"type": "campaign_requested"})
    parent = campaign(step("execute_campaign", campaign="asks"), COUNT)
    book, who = rulebook(parent, asks=child), lead(orders=0)
    run(book, who)
    assert len(who.runs) == 2

    later = NOW + timedelta(hours=2)
    (asking,) = [one for one in who.runs.values() if one.wake_at is not None]
    rows = run(book, who, event("run.due", id="d", run=asking.id, waits=asking.waits), now=later)

    assert [row.kind for row in rows][-2:] == ["run_ended", "erasure_requested"]
    assert (who.runs, who.values["orders"]) == ({}, 0)


def test_until_when_the_lead_was_frozen_before_is_kept() -> None:
    freeze = step("freeze_processing", "freeze", until="{{ lead.last_seen }}")
    who = lead(last_seen=MONTH)
    run(rulebook(campaign(freeze, step(ACTION))), who)
    assert who.erasure is not None and who.erasure.frozen_before == MONTH


def test_a_legal_hold_forbids_it_and_says_why() -> None:
    who = lead()
    who.hold = "a law suit"
    row = act(who, ACTION)
    assert row["outcome"] == "skipped"
    assert row["reason"] == ("policy: a legal hold keeps what is known of the lead (a law suit); lift it and ask again")
    assert (who.erasure, who.frozen_until) == (None, None)


@pytest.mark.parametrize(
    ("mode", "days", "then"),
    [
        ("anonymise", 60, FIRST),
        ("anonymise", 2, Erasure("anonymise", NOW + timedelta(days=2), None, 9, "another")),
        ("erase", 60, Erasure("erase", MONTH, None, 9, "another")),
    ],
)
def test_of_two_requests_the_earlier_time_and_the_thorougher_mode_hold(mode: str, days: int, then: Erasure) -> None:
    who = lead()
    who.erasure = FIRST  # and a person has ended the freeze
    act(who, ACTION, mode=mode, delay={"amount": days, "unit": "days"})
    assert (who.erasure, who.frozen_until) == (then, NO_END)


def test_nothing_more_of_the_event_happens_to_the_lead() -> None:
    branch = {"label": "x", "when": {"field": "orders", "operator": "is", "value": 0}, "steps": [step(ACTION, "two")]}
    tags = campaign(step("change_tags", "tag", add=["hot"]))
    who = lead(orders=0)
    rows = run(rulebook(campaign(step("branch", cases=[branch])), tags), who)
    assert rows[-1].kind == "erasure_requested" and who.tags == set()


def test_only_rulebooks_that_ask_for_it_load_what_stands_in_its_way() -> None:
    assert rulebook(campaign(step(ACTION))).erases
    assert not rulebook(campaign(COUNT)).erases


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"mode": "forget"}, "expected one of anonymise, erase"),
        ({"delay": {"amount": -1, "unit": "days"}}, "must be at least 0 of its unit"),
        ({"delay": {"amount": 2, "unit": "years"}}, "is longer than a year"),
        ({"delay": 3}, "expected a period like"),
        ({"when": 3}, "has no such parameter"),
    ],
)
def test_bad_parameters_are_faults(params: dict[str, object], fault: str) -> None:
    (found,) = faults(campaign(step(ACTION, **params)))
    assert fault in found


def test_no_step_may_come_after_it() -> None:
    (found,) = faults(campaign(step(ACTION), COUNT))
    assert "no step may come after request_erasure" in found
