from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.language.rulebook import CampaignRow, Condition, compile_rulebook
from tests.unit.campaigns.acme import (
    ACME,
    NOW,
    act,
    campaign,
    event,
    faults,
    lead,
    on,
    outcomes,
    pass_time,
    rulebook,
    run,
    step,
)

ACTION = "freeze_processing"
LATER = NOW + timedelta(days=3)
WAIT = step("wait_duration", "wait", wait={"amount": 1, "unit": "hours"})
COUNT = step("increment_number", field="orders", by=1)


def test_the_lead_is_frozen_until_then() -> None:
    who = lead(last_seen=LATER)
    row = act(who, ACTION, until="{{ lead.last_seen }}")
    assert row == {"old": None, "new": "2026-03-18T12:00:00Z", "outcome": "done"}
    assert who.frozen_until == LATER


def test_without_an_end_it_lasts_until_a_person_ends_it() -> None:
    who = lead()
    act(who, ACTION)
    assert who.frozen_until is not None and who.frozen_until.year == 9999


def test_an_end_in_the_past_fails() -> None:
    who = lead()
    assert act(who, ACTION, until="{{ event.occurred_at }}")["reason"] == "the end is in the past"
    assert who.frozen_until is None


def test_events_of_a_frozen_lead_are_kept_and_not_heard() -> None:
    who = lead(orders=0)
    who.frozen_until = LATER

    rows = run(rulebook(campaign(COUNT)), who)

    assert [row.kind for row in rows] == ["purchase", "processing_frozen"]
    assert rows[1].data["reason"] == "policy: processing is frozen until 2026-03-18T12:00:00+00:00"
    assert who.values["orders"] == 0


def test_when_its_end_has_come_campaigns_go_on() -> None:
    who = lead(orders=0)
    who.frozen_until = LATER
    run(rulebook(campaign(COUNT)), who, now=LATER)
    assert who.values["orders"] == 1


def test_the_campaign_that_freezes_is_finished_and_no_other_begins() -> None:
    freezes = campaign(step(ACTION, "freeze"), COUNT | {"id": "after"}, step("change_tags", "tag", add=["hot"]))
    hears = campaign(COUNT, on={"type": "tag_added"})
    who = lead(orders=0)

    rows = run(rulebook(freezes, campaign(COUNT), hears), who)

    assert [where for where, _, _ in outcomes(rows)] == ["freeze", "after", "tag"]
    assert who.values["orders"] == 1


def test_the_same_end_again_is_no_change() -> None:
    freeze = step(ACTION, until=LATER.isoformat())
    rows = run(rulebook(campaign(freeze, freeze | {"id": "two"})), lead())
    assert [outcome for _, _, outcome in outcomes(rows)] == ["done", "no_op"]


def test_a_waiting_run_rests_until_the_freeze_is_over() -> None:
    book, who = rulebook(campaign(WAIT, COUNT | {"id": "after"})), lead(orders=0)
    run(book, who)
    due = NOW + timedelta(hours=1)
    who.frozen_until = due + timedelta(minutes=30)

    assert pass_time(book, who, due) == []
    assert [one.wake_at for one in who.runs.values()] == [who.frozen_until]
    pass_time(book, who, who.frozen_until)

    assert (who.runs, who.values["orders"]) == ({}, 1)


def test_a_run_of_a_lead_that_is_frozen_for_long_is_looked_at_every_hour() -> None:
    book, who = rulebook(campaign(WAIT, COUNT | {"id": "after"})), lead(orders=0)
    run(book, who)
    who.frozen_until = LATER

    pass_time(book, who, NOW + timedelta(hours=5))
    assert [one.wake_at for one in who.runs.values()] == [NOW + timedelta(hours=6)]
    who.frozen_until = None  # by a person
    pass_time(book, who, NOW + timedelta(hours=6))

    assert (who.runs, who.values["orders"]) == ({}, 1)


def test_a_frozen_leads_runs_hear_no_event() -> None:
    leaving = {"label": "signed up", "trigger": on("signup")}
    book, who = rulebook(campaign(WAIT, COUNT, exits=[leaving])), lead()
    run(book, who)
    who.frozen_until = LATER

    rows = run(book, who, event("signup", id="e2", email="a"))

    assert [row.kind for row in rows] == ["signup", "processing_frozen"]
    assert len(who.runs) == 1


VIP = {"field": "tags", "operator": "contains_any_of", "value": ["vip"]}
FOR_VIP = step("wait_for_condition", "wait", rule=VIP, timeout={"amount": 9, "unit": "days"})
NEXT = COUNT | {"id": "after"}
FREEZING = campaign(
    step("freeze_processing", "freeze", until=(NOW + timedelta(minutes=30)).isoformat()),
    step("change_tags", "tag", add=["vip"]),
    on=on("signup"),
)


@pytest.mark.parametrize(
    "document", [campaign(FOR_VIP, NEXT), campaign(WAIT, COUNT, exits=[{"label": "x", "when": VIP}])]
)
def test_what_a_run_waits_for_and_happens_during_a_freeze_counts_when_that_ends(document: Any) -> None:
    book, who = rulebook(document), lead(orders=0)
    run(book, who)
    who.frozen_until = NOW + timedelta(minutes=30)
    who.tags.add("vip")  # by a person

    run(book, who, event(id="e2"))
    run(book, who, event(id="e3"))

    assert [(one.wake_at, one.waits) for one in who.runs.values()] == [(who.frozen_until, 2)]
    assert len(pass_time(book, who, who.frozen_until)) > 0
    assert who.runs == {}


def test_what_happens_in_the_event_that_freezes_the_lead_counts_when_that_ends() -> None:
    book, who = rulebook(campaign(FOR_VIP, NEXT), FREEZING), lead(orders=0)
    run(book, who)
    run(book, who, event("signup", id="e2", email="a"))
    assert len(who.runs) == 1

    pass_time(book, who, NOW + timedelta(minutes=30))

    assert (who.runs, who.values["orders"]) == ({}, 1)


def test_a_run_looked_at_after_a_freeze_rests_on_until_its_own_time() -> None:
    book, who = rulebook(campaign(FOR_VIP, NEXT)), lead()
    run(book, who)
    (before,) = who.runs.values()
    who.frozen_until = NOW + timedelta(minutes=30)
    run(book, who, event(id="e2"))

    assert pass_time(book, who, who.frozen_until) == []
    assert [one.wake_at for one in who.runs.values()] == [before.wake_at]


@pytest.mark.parametrize("paused_first", [True, False])
def test_a_run_that_would_be_looked_at_after_a_freeze_is_not_overdue_after_a_pause(paused_first: bool) -> None:
    book, who = rulebook(campaign(FOR_VIP, NEXT)), lead()
    row = CampaignRow(1, "c1", "c1", 1, 1, campaign(FOR_VIP, NEXT))
    resting = compile_rulebook(ACME, 2, [row], conditions={1: Condition("freeze")})
    run(book, who)
    (before,) = who.runs.values()
    who.frozen_until = NOW + timedelta(minutes=30)

    run(resting if paused_first else book, who, event(id="e2"))
    pass_time(resting, who, who.frozen_until)

    (parked,) = who.runs.values()
    assert (parked.held, parked.state.get("looks"), parked.wake_at) == (True, True, before.wake_at)


def test_bad_parameters_are_faults() -> None:
    assert faults(campaign(step(ACTION, until="soon"))) == [
        "steps[0].params.until: expected a time like 2026-01-31T12:00:00Z, got 'soon'"
    ]
