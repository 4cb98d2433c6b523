"""Runs that outlive their event: parked, woken, ended."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from campaigns.language.activity import ActivityRow
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import CampaignRow, Condition, Rulebook, compile_rulebook
from campaigns.language.run import ParkedRun, Run
from tests.unit.campaigns.acme import (
    ACME,
    NOW,
    campaign,
    due,
    event,
    lead,
    on,
    outcomes,
    pass_time,
    rulebook,
    run,
    step,
)

DAY = {"amount": 1, "unit": "days"}


def wait(id: str = "wait", **period: Any) -> dict[str, Any]:
    return step("wait_duration", id, wait=period or DAY)


def note(id: str, value: str | None = None) -> dict[str, Any]:
    return step("change_field", id, field="notes", value=value or id)


def test_a_run_rests_at_its_wait_and_goes_on_when_the_time_has_come() -> None:
    book, who = rulebook(campaign(note("before"), wait(), note("after"))), lead()
    rows = run(book, who, event())
    assert outcomes(rows) == [("before", "change_data_value", "done"), ("wait", "wait_entered", "deferred")]
    (parked,) = who.runs.values()
    assert (parked.step, parked.wake_at, who.changed_runs) == ("wait", NOW + timedelta(days=1), {parked.id})
    assert rows[-1].data["until"] == (NOW + timedelta(days=1)).isoformat()

    later = pass_time(book, who, NOW + timedelta(days=1))
    assert outcomes(later) == [("wait", "wait_ended", "done"), ("after", "change_data_value", "done")]
    assert who.runs == {}
    assert who.values["notes"] == "after"


def test_a_run_woken_too_early_rests_on() -> None:
    book, who = rulebook(campaign(wait(), note("after"))), lead()
    run(book, who, event())
    (early,) = due(who, NOW + timedelta(days=1))
    assert outcomes(run(book, who, early, now=NOW + timedelta(hours=23))) == []
    (parked,) = who.runs.values()
    assert parked.wake_at == NOW + timedelta(days=1)
    assert pass_time(book, who, NOW + timedelta(days=1))


def test_a_wake_of_an_earlier_wait_is_nothing() -> None:
    book, who = rulebook(campaign(wait("first"), wait("second"), note("after"))), lead()
    run(book, who, event())
    (first,) = due(who, NOW + timedelta(days=1))
    pass_time(book, who, NOW + timedelta(days=1))
    (parked,) = who.runs.values()
    assert parked.step == "second"
    assert run(book, who, first, now=NOW + timedelta(days=9)) == []


def test_a_wake_of_a_run_that_is_over_is_nothing() -> None:
    book, who = rulebook(campaign(wait(), note("after"))), lead()
    run(book, who, event())
    (late,) = due(who, NOW + timedelta(days=1))
    pass_time(book, who, NOW + timedelta(days=1))
    assert run(book, who, late, now=NOW + timedelta(days=1)) == []


def test_after_the_wait_steps_see_the_event_that_the_run_was_entered_for() -> None:
    taken = step("change_field", "after", field="total", value="{{ event.amount }}")
    book, who = rulebook(campaign(wait(), taken)), lead()
    run(book, who, event(amount="12.50"))
    pass_time(book, who, NOW + timedelta(days=1))
    assert str(who.values["total"]) == "12.50"


def test_while_a_run_is_inside_another_event_begins_none() -> None:
    book, who = rulebook(campaign(wait(), note("after"))), lead()
    run(book, who, event(), event(id="e2"))
    assert len(who.runs) == 1


def test_runs_may_stand_side_by_side_where_the_campaign_says_so() -> None:
    book, who = rulebook(campaign(wait(), note("after"), qualification={"inside": "parallel"})), lead()
    run(book, who, event(), event(id="e2"))
    assert len(who.runs) == 2


def test_a_new_run_takes_the_place_of_the_one_inside_where_the_campaign_says_so() -> None:
    book, who = rulebook(campaign(wait(), note("after"), qualification={"inside": "restart"})), lead()
    run(book, who, event())
    (first,) = who.runs
    rows = run(book, who, event(id="e2"))
    assert ("wait", "run_ended", "done") in outcomes(rows)
    assert len(who.runs) == 1
    assert first not in who.runs


def test_keyed_runs_do_not_know_each_other() -> None:
    keyed = campaign(wait(), note("after"), qualification={"key": "{{ event.shop }}"})
    book, who = rulebook(keyed), lead()
    run(book, who, event(shop="a"), event(id="e2", shop="b"), event(id="e3", shop="a"))
    assert sorted(parked.key for parked in who.runs.values()) == ["a", "b"]


def test_an_exit_ends_a_run_inside_its_wait_and_the_same_event_may_begin_another() -> None:
    leaving = {
        "label": "bought again",
        "trigger": on("purchase", where=[{"attribute": "cds", "operator": "at_least", "value": 5}]),
    }
    book, who = rulebook(campaign(wait(), note("after"), exits=[leaving])), lead()
    run(book, who, event())
    (first,) = who.runs
    rows = run(book, who, event(id="e2", cds=5))
    assert rows[1].data == {"outcome": "done", "ended": "bought again", "run": first}
    assert len(who.runs) == 1
    assert first not in who.runs
    assert pass_time(book, who, NOW + timedelta(days=1))


def test_an_exit_on_the_leads_state_acts_as_soon_as_it_changes() -> None:
    leaving = {"label": "vip", "when": {"field": "tags", "operator": "contains_any_of", "value": ["vip"]}}
    tagging = campaign(step("change_tags", add=["vip"], remove=[]), on=on("signup"))
    book, who = rulebook(campaign(wait(), note("after"), exits=[leaving]), tagging), lead()
    run(book, who, event())
    assert len(who.runs) == 1
    rows = run(book, who, event("signup", id="e2", email="a@acme.test"))
    assert ("wait", "run_ended", "done") in outcomes(rows)
    assert who.runs == {}


def test_an_exit_that_time_alone_has_opened_is_taken_before_the_run_goes_on() -> None:
    old = {"field": "birthday", "operator": "in_past_before", "value": {"amount": 1, "unit": "days"}}
    document = campaign(wait(amount=3, unit="days"), note("after"), exits=[{"label": "late", "when": old}])
    book, who = rulebook(document), lead(birthday=NOW.date())
    run(book, who, event())
    rows = pass_time(book, who, NOW + timedelta(days=3))
    assert [row.data.get("ended") for row in rows] == ["late"]
    assert who.runs == {}


def test_an_exit_hears_what_only_it_hears() -> None:
    leaving = {"label": "named", "trigger": {"type": "field_changed", "field": "nickname"}}
    naming = campaign(step("change_field", field="nickname", value="Jo"), on=on("signup"))
    book, who = rulebook(campaign(wait(), note("after"), exits=[leaving]), naming), lead()
    run(book, who, event(), event("signup", id="e2", email="a@acme.test"))
    assert who.runs == {}


def test_the_steps_of_the_branch_taken_run_and_then_those_behind_it() -> None:
    many = {
        "label": "many",
        "when": {"event": "cds", "operator": "at_least", "value": 5},
        "steps": [wait(), note("many")],
    }
    none = {"label": "none", "when": {"event": "cds", "operator": "is", "value": 0}, "steps": []}
    forked = campaign(
        step("branch", "fork", cases=[many, none], default=[note("few")]),
        step("change_score", "last", op="add", amount=1),
    )
    book = rulebook(forked)
    for cds, notes, score in ((1, "few", 1), (0, None, 1), (5, None, 0)):
        who = lead(score=0)
        run(book, who, event(cds=cds))
        assert (who.values.get("notes"), who.values["score"]) == (notes, score)
    pass_time(book, who, NOW + timedelta(days=1))
    assert (who.values["notes"], who.values["score"]) == ("many", 1)


def test_a_jump_goes_back_so_often_and_no_more() -> None:
    looped = campaign(
        step("change_score", "add", op="add", amount=1), step("jump_to", "again", step="add", max_jumps=3)
    )
    book, who = rulebook(looped), lead(score=0)
    rows = run(book, who, event())
    assert who.values["score"] == 4
    assert [row.data["outcome"] for row in rows if row.step == "again"] == ["done", "done", "done", "skipped"]


def test_jumps_are_counted_across_waits() -> None:
    looped = campaign(
        wait(), step("change_score", "add", op="add", amount=1), step("jump_to", "again", step="wait", max_jumps=2)
    )
    book, who = rulebook(looped), lead(score=0)
    run(book, who, event())
    for day in range(1, 6):
        pass_time(book, who, NOW + timedelta(days=day))
    assert (who.values["score"], who.runs) == (3, {})


DAILY = campaign(
    step("change_score", "add", op="add", amount=1),
    step("jump_to", "again", step="add", max_jumps=2, min_interval={"amount": 1, "unit": "days"}),
    note("after"),
)


def jumps(rows: list[ActivityRow]) -> list[tuple[str, str]]:
    return [(row.kind, row.data["outcome"]) for row in rows if row.step == "again"]


def test_a_jump_keeps_its_interval_from_the_beginning_and_from_jump_to_jump() -> None:
    book, who = rulebook(DAILY), lead(score=0)
    assert jumps(run(book, who, event())) == [("wait_entered", "deferred")]
    assert (who.values["score"], [one.wake_at for one in who.runs.values()]) == (1, [NOW + timedelta(days=1)])
    assert pass_time(book, who, NOW + timedelta(hours=23)) == []

    late = NOW + timedelta(days=1, hours=5)
    assert jumps(pass_time(book, who, late)) == [("jumped", "done"), ("wait_entered", "deferred")]
    assert (who.values["score"], [one.wake_at for one in who.runs.values()]) == (2, [late + timedelta(days=1)])

    rows = pass_time(book, who, late + timedelta(days=1))
    assert jumps(rows) == [("jumped", "done"), ("jumped", "skipped")]
    assert (who.values["score"], rows[-1].step, who.runs) == (3, "after", {})


def test_a_jump_is_made_once_though_the_run_is_told_of_its_time_again() -> None:
    book, who = rulebook(DAILY), lead(score=0)
    run(book, who, event())
    moment = NOW + timedelta(days=1)
    told = due(who, moment)

    for _ in range(3):
        run(book, who, *told, now=moment)

    assert (who.values["score"], [one.state["jumps"] for one in who.runs.values()]) == (2, [{"again": 1}])


def test_a_jump_does_not_rest_when_its_interval_has_passed_already() -> None:
    book, who = rulebook(campaign(wait(), *DAILY["steps"])), lead(score=0)
    run(book, who, event())

    assert jumps(pass_time(book, who, NOW + timedelta(days=1))) == [("jumped", "done"), ("wait_entered", "deferred")]


def test_a_run_stays_on_its_version() -> None:
    old, new = campaign(wait(), note("old")), campaign(note("new"))
    who = lead()
    run(rulebook(old), who, event())
    book = compile_rulebook(ACME, 2, [CampaignRow(1, "c1", "c1", 2, 1, new)], [CampaignRow(1, "c1", "c1", 1, 1, old)])
    pass_time(book, who, NOW + timedelta(days=1))
    assert who.values["notes"] == "old"
    run(book, who, event(id="e2"))
    assert who.values["notes"] == "new"


def test_a_run_whose_campaign_is_gone_is_left_alone() -> None:
    who = lead()
    run(rulebook(campaign(wait(), note("after"))), who, event())
    before = copy.deepcopy(who.runs)
    assert pass_time(rulebook(campaign(note("other"), on=on("signup"))), who, NOW + timedelta(days=1)) == []
    assert who.runs == before


def test_what_is_stored_of_a_run_restores_it() -> None:
    book, who = rulebook(campaign(wait(), note("after"))), lead()
    run(book, who, event(paid_at="2026-03-01T10:00:00Z"))
    (parked,) = who.runs.values()
    (found,) = book.versions.values()
    assert isinstance(parked, ParkedRun)
    assert Run.restore(parked, found).park() == parked


def test_a_run_rests_with_the_choice_it_came_with_whatever_matches_meanwhile() -> None:
    bought = {"label": "bought", "trigger": on("signup"), "steps": [note("signed")]}
    waiting = {"branches": [bought], "timeout": DAY}
    choices = [{"when": {"field": "nickname", "operator": "is_empty"}, "params": waiting}]
    naming = campaign(step("change_field", field="nickname", value="Jo"), on=on("page_view"))
    book = rulebook(campaign({"id": "wait", "action": "wait_for_event", "choices": choices}, note("after")), naming)
    who = lead()
    run(book, who, event())
    run(book, who, event("page_view", id="e2"))
    rows = outcomes(run(book, who, event("signup", id="e3", email="a@acme.test")))
    assert [row[0] for row in rows] == ["wait", "signed", "after"]


# While a campaign is paused


def paused(*documents: Any, **named: Any) -> tuple[Rulebook, Rulebook]:
    """The campaigns as they run, and with the first of them paused."""
    every = {f"c{place}": document for place, document in enumerate(documents, 1)} | named
    rows = [CampaignRow(place, key, key, 1, place, document) for place, (key, document) in enumerate(every.items(), 1)]
    return compile_rulebook(ACME, 1, rows), compile_rulebook(ACME, 2, rows, conditions={1: Condition("freeze")})


def resumed(who: LeadState) -> None:
    """What the campaigns do to runs that a pause held, when it is over."""
    for id, parked in who.runs.items():
        if parked.held:
            who.runs[id] = msgspec.structs.replace(parked, held=False, wake_at=NOW, waits=parked.waits + 1)


BOUGHT = {"label": "bought", "trigger": on("purchase"), "steps": [note("bought")]}
VIP = {"field": "tags", "operator": "contains_any_of", "value": ["vip"]}
FOR_EVENT = campaign(step("wait_for_event", branches=[BOUGHT], timeout=DAY), note("after"), on=on("signup"))
FOR_STATE = campaign(step("wait_for_condition", rule=VIP, timeout=DAY), note("after"), on=on("signup"))
TAGGING = campaign(step("change_tags", "tag", add=["vip"], remove=[]))


@pytest.mark.parametrize(("document", "ways"), [(FOR_EVENT, ["one", "bought", "after"]), (FOR_STATE, ["one", "after"])])
def test_what_a_run_waited_for_and_a_pause_kept_from_it_counts_as_soon_as_that_is_over(
    document: Any, ways: list[str]
) -> None:
    book, resting = paused(document, TAGGING)
    who = lead()
    run(book, who, event("signup", email="a@acme.test"))
    assert outcomes(run(resting, who, event())) == [("tag", "change_tags", "done")]
    (parked,) = who.runs.values()
    assert (parked.held, parked.wake_at) == (True, NOW + timedelta(days=1))  # its time may come meanwhile, too
    resumed(who)
    assert [row.step for row in pass_time(book, who, NOW)] == ways
    assert who.runs == {}


def test_a_run_whose_time_comes_during_a_pause_as_well_is_overdue() -> None:
    book, resting = paused(FOR_EVENT)
    who = lead()
    run(book, who, event("signup", email="a@acme.test"))
    run(resting, who, event())
    pass_time(resting, who, NOW + timedelta(days=1))
    (parked,) = who.runs.values()
    assert (parked.held, parked.wake_at, "looks" in parked.state) == (True, None, False)


def test_a_run_that_waits_for_another_stays_where_it_is_while_its_own_campaign_is_paused() -> None:
    outer = campaign(
        step("execute_campaign", "call", campaign="welcome", outputs={"word": "string"}),
        note("after", "{{ run.word }}"),
    )
    word = step("set_run_variable", "word", name="word", type="string", value="back")
    book, resting = paused(outer, welcome=campaign(wait(), word, on={"type": "campaign_requested"}))
    who = lead()
    run(book, who)
    rows = pass_time(resting, who, NOW + timedelta(days=1))
    assert [row.step for row in rows] == ["wait", "word"]
    (parked,) = who.runs.values()
    assert Run.restore(parked, book.versions[1, 1]).child is not None
    resumed(who)
    assert [row.step for row in pass_time(book, who, NOW + timedelta(days=1))] == ["call", "after"]
    assert (who.values["notes"], who.runs) == ("back", {})


def test_a_run_that_waits_for_one_whose_campaign_was_emptied_goes_on() -> None:
    outer = campaign(
        step("execute_campaign", "call", campaign="welcome", outputs={"word": "string"}), note("after", "on")
    )
    inner = campaign(wait(), on={"type": "campaign_requested"})
    rows = [CampaignRow(1, "outer", "outer", 1, 1, outer), CampaignRow(2, "welcome", "welcome", 1, 2, inner)]
    who = lead()
    run(compile_rulebook(ACME, 1, rows), who)
    assert len(who.runs) == 2
    emptied = compile_rulebook(ACME, 2, rows, conditions={2: Condition("", NOW + timedelta(hours=1))})
    run(emptied, who, event("signup", email="a@acme.test"))
    assert [row.step for row in pass_time(emptied, who, NOW)] == ["call", "after"]
    assert who.runs == {}
