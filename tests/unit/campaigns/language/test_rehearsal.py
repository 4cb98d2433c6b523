"""What a rehearsal counts: the interpreter's own doing, with the clock of the events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from campaigns.language.rehearsal import Rehearsal, Report
from campaigns.language.timing import Silence
from engine.types import Event
from tests.unit.campaigns.acme import THEN, campaign, event, lead, on, rulebook, step

WAIT = step("wait_duration", "wait", wait={"amount": 2, "unit": "days"})
ADD = step("change_score", "add", op="add", amount=1)


def at(days: float, type: str = "purchase", who: str = "L7", **data: Any) -> Event:
    usual = event(type, id=f"{who}-{days}", at=THEN + timedelta(days=days), **data)
    return msgspec.structs.replace(usual, lead=who)


def rehearse(*events: Event, days: float = 30, **documents: Any) -> Report:
    leads = {who: lead(score=0) for who in ("L7", "L8")}
    return Rehearsal(rulebook(**documents), leads, "tried").play(events, THEN + timedelta(days=days))


def test_waits_end_by_the_clock_of_the_events() -> None:
    found = rehearse(at(0), at(1), at(3), tried=campaign(WAIT, ADD))
    assert (found.events, found.runs, found.leads_entered, found.inside) == (3, 2, 1, 0)
    assert found.steps == {"wait": {"deferred": 2, "done": 2}, "add": {"done": 2}}


def test_the_history_is_that_of_the_events_so_far_and_its_periods_go_with_the_clock() -> None:
    second = {"activity": "purchase", "count": {"exactly": 2}, "in_past": {"amount": 2, "unit": "days"}}
    events = [at(0), at(1), at(0, who="L8"), at(5), at(5, who="L8")]
    found = rehearse(*events, tried=campaign(ADD, filter=second))
    assert (found.runs, found.leads_entered) == (1, 1)


def test_who_still_waits_at_the_end_is_inside() -> None:
    found = rehearse(at(0), at(0, who="L8"), days=1, tried=campaign(WAIT, ADD))
    assert (found.leads_entered, found.inside, found.steps) == (2, 2, {"wait": {"deferred": 2}})


def test_slots_are_taken_from_buckets_of_the_rehearsals_own() -> None:
    slow = step("throttle", "slow", key="a", rate=1, per="day")
    events = [at(0), at(0, who="L8"), at(0.5)]
    found = rehearse(*events, days=0.9, tried=campaign(slow, ADD, qualification={"inside": "parallel"}))
    assert (found.runs, found.inside, found.steps) == (3, 2, {"slow": {"done": 1}, "add": {"done": 1}})
    found = rehearse(*events, days=2, tried=campaign(slow, ADD, qualification={"inside": "parallel"}))
    assert (found.inside, found.steps) == (0, {"slow": {"done": 3}, "add": {"done": 3}})


def test_other_campaigns_act_but_are_not_counted() -> None:
    other = campaign(step("change_field", field="nickname", value="Jo"))
    tried = campaign(ADD, on={"type": "field_changed", "field": "nickname"})
    assert rehearse(at(0), other=other, tried=tried).steps == {"add": {"done": 1}}


def test_what_is_forbidden_is_counted_by_its_reason() -> None:
    asked = campaign(step("request_campaign", campaign="old"))
    found = rehearse(at(0), at(1), tried=asked)
    assert list(found.refused.values()) == [2]
    assert "old" in next(iter(found.refused))


def test_a_loop_is_counted() -> None:
    ping = campaign(step("change_field", field="nickname", value="{{ event.url }}"), on=on("page_view"))
    asks = campaign(
        step("emit_custom_activity", type="page_view", attributes={"url": "x"}),
        on={"type": "event", "event": "page_view"},
    )
    assert rehearse(at(0, "page_view"), tried=asks, other=ping).loops == 1


def test_what_people_changed_counts_from_its_moment_on() -> None:
    renamed = msgspec.structs.replace(
        at(1, "field.changed", field="nickname", old=None, new="Jo"),
        source="signal:ann",
        data={"field": "nickname", "new": "Jo"},
    )
    named = campaign(ADD, filter={"field": "nickname", "operator": "is", "value": "Jo"})
    assert rehearse(at(0), renamed, at(2), tried=named).runs == 1


def test_an_unknown_lead_is_new() -> None:
    found = rehearse(at(0, who="L9"), tried=campaign(ADD, on={"type": "lead_created"}))
    assert found.runs == 1


def test_a_cap_is_counted_over_all_leads_from_nobody_on() -> None:
    report = rehearse(at(0), at(1, who="L8"), at(2, who="L9"), at(3), tried=campaign(ADD, entry={"cap": 2}))
    assert (report.leads_entered, report.runs) == (2, 3)


def test_groups_are_put_back_and_runs_undone_as_they_would_be() -> None:
    burst = step("change_score", "burst", amount=2**31)
    mark = step("checkpoint", "mark", label="seat", undo=[{**ADD, "id": "back"}], on_failure="undo")
    group = step("transaction_group", "group", steps=[ADD, burst])
    found = rehearse(at(0), tried=campaign(mark, WAIT, group, step("add_note", "never", text="x")))
    assert found.inside == 0
    assert found.steps == {
        "mark": {"done": 2}, "wait": {"deferred": 1, "done": 1}, "group": {"failed": 1, "done": 1},
        "back": {"done": 1},
    }  # fmt: skip


def test_variants_are_tested_as_if_nobody_had_been_there_before() -> None:
    variants = [{"label": label, "steps": [step("add_note", f"note-{label}", text=label)]} for label in "ab"]
    day, signup = {"amount": 1, "unit": "days"}, {"type": "event", "event": "signup"}
    test = step("ab_test", "test", variants=variants, metric=signup, within=day, decide_after=day, minimum=1)
    events = [at(0, who=f"L{number}") for number in range(20)]
    events += [at(0.1, "signup", f"L{number}", email="a@b.test") for number in range(20)]
    found = rehearse(*events, at(2, who="last"), tried=campaign(test))
    assert found.steps["test"] == {"done": 22}  # the choice of the winner is one of them
    assert sum(found.steps[f"note-{label}"]["done"] for label in "ab") == 21


def test_a_run_waits_for_what_it_requested() -> None:
    joined = step("join", "join", campaigns=["welcome"], timeout={"amount": 9, "unit": "days"})
    tried = campaign(step("request_campaign", "ask", campaign="welcome"), joined, ADD)
    asked = campaign(WAIT, on={"type": "campaign_requested"})
    assert rehearse(at(0), days=1, tried=tried, welcome=asked).inside == 1
    assert rehearse(at(0), tried=tried, welcome=asked).steps["add"] == {"done": 1}


QUIET = {"type": "inactivity", "period": {"amount": 10, "unit": "days"}, "events": ["purchase"]}


def rehearse_silence(*events: Event, heard: dict[str, float], days: float = 30, **keys: Any) -> Report:
    """From day 0 on; leads were last heard of on these days."""
    book = rulebook(tried=campaign(ADD, on=QUIET, **keys))
    leads = {who: lead(score=0) for who in ("L7", "L8")}
    for place, (key, who) in enumerate(leads.items()):
        who.id, who.key = place, key
    silence = book.timers[0].timing
    assert isinstance(silence, Silence)
    last = {(leads[key].id, silence): THEN + timedelta(days=day) for key, day in heard.items()}
    return Rehearsal(book, leads, "tried").play(events, THEN + timedelta(days=days), THEN, (), last)


def test_a_silence_that_began_before_is_reached_and_one_that_was_reached_before_is_none() -> None:
    found = rehearse_silence(heard={"L7": -3, "L8": -11})
    assert (found.events, found.runs, found.leads_entered) == (0, 1, 1)
    assert rehearse_silence(heard={"L7": -3}, days=6.9).runs == 0


def test_an_event_breaks_a_silence_and_begins_another() -> None:
    assert rehearse_silence(at(5), heard={"L7": -3}, days=14).runs == 0
    assert rehearse_silence(at(5), heard={"L7": -3}).runs == 1
    assert rehearse_silence(at(5), at(16), at(27), heard={"L7": -3}, days=38).runs == 3
    assert rehearse_silence(at(5, "page_view"), heard={"L7": -3}, days=8).runs == 1


def test_a_silence_is_told_once_though_two_events_were_at_one_moment() -> None:
    twice = at(1), msgspec.structs.replace(at(1), id="other")
    assert rehearse_silence(*twice, heard={}).runs == 1


def test_a_new_lead_is_silent_from_its_creation_on() -> None:
    assert rehearse_silence(at(1, "page_view", who="L9"), heard={}, days=10.9).runs == 0
    found = rehearse_silence(at(1, "page_view", who="L9"), heard={})
    assert (found.runs, found.leads_entered) == (1, 1)
