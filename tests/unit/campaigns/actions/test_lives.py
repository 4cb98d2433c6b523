"""Leads are deleted, restored and merged, in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.actions.delete_lead import RESTORABLE
from campaigns.language.interpreter import run_event
from campaigns.language.lead import LeadState
from campaigns.language.merging import LEADS_LIMIT, current, winner_of
from engine.types import Event
from tests.unit.campaigns.acme import (
    NOW,
    Recorder,
    act,
    answer,
    campaign,
    event,
    faults,
    lead,
    outcomes,
    record,
    rulebook,
    run,
)
from tests.unit.campaigns.acme import step as step_of

DELETE = campaign(step_of("delete_lead"))
RESTORE = campaign(step_of("restore_lead"), step_of("change_tags", "two", add=["hot"]))
COUNT = campaign(step_of("increment_number", field="orders", by=1))


def other(
    id: int, key: str, *, tags: set[str] | None = None, lists: set[str] | None = None, **values: Any
) -> LeadState:
    return LeadState(id=id, tenant="acme", key=key, values=values, tags=tags, lists=lists)


def deleted(**values: Any) -> LeadState:
    who = lead(**values)
    who.deleted_at, who.restorable_until = NOW - timedelta(days=1), NOW + timedelta(days=29)
    return who


def merge(who: LeadState, *others: LeadState, cause: Event | None = None, **params: Any) -> tuple[LeadState, list[Any]]:
    """What the action asks for, done as the handler does it. Returns the winner and the rows."""
    book = rulebook(campaign(step_of("merge_leads", others=[one.key for one in others], **params)))
    (sent,) = answer(book, who, cause or event())[1]
    winner = winner_of(who, others, sent.data["winner"], NOW)
    return winner, answer(book, winner, sent)[0]


def test_after_a_deletion_nothing_more_of_the_event_happens() -> None:
    who = lead(orders=1)

    rows = run(rulebook(DELETE, COUNT), who)

    assert outcomes(rows) == [("one", "delete_lead", "done")]
    assert (who.deleted_at, who.restorable_until, who.life_changed) == (NOW, NOW + RESTORABLE, True)
    assert who.values == {"orders": 1}


def test_an_event_for_a_deleted_lead_is_recorded_as_skipped_and_does_not_bring_it_back() -> None:
    who = deleted(orders=1)

    rows = run(rulebook(COUNT), who)

    assert [(row.kind, row.data.get("outcome")) for row in rows] == [("purchase", None), ("event_skipped", "skipped")]
    assert who.deleted_at is not None and who.values == {"orders": 1}


def test_a_campaign_that_begins_by_restoring_hears_it_and_then_the_others_do() -> None:
    who = deleted(orders=1)
    hears = campaign(step_of("change_tags", add=["cold"]), on={"type": "lead_restored"})

    rows = run(rulebook(COUNT, RESTORE, hears), who)

    assert [kind for _, kind, _ in outcomes(rows)][2:] == ["change_tags", "change_data_value", "change_tags"]
    assert (who.deleted_at, who.restorable_until, who.life_changed) == (None, None, True)
    assert (who.tags, who.values) == ({"hot", "cold"}, {"orders": 2})


@pytest.mark.parametrize(
    ("until", "reason"),
    [(None, "policy: the lead was deleted for good"), (NOW, "policy: the lead could be restored for 30 days")],
)
def test_what_cannot_be_restored_any_more_stays_deleted(until: Any, reason: str) -> None:
    who = deleted()
    who.restorable_until = until

    rows = run(rulebook(RESTORE), who)

    assert rows[-1].data["outcome"] == "skipped" and rows[-1].data["reason"].startswith(reason)
    assert who.deleted_at is not None and who.tags == set()


def test_a_lead_that_is_there_needs_no_restoring() -> None:
    assert act(lead(), "restore_lead")["outcome"] == "no_op"


def test_a_hard_deletion_cannot_be_restored() -> None:
    who = lead()
    assert act(who, "delete_lead", mode="hard")["restorable_until"] is None
    assert who.deleted_at == NOW and who.restorable_until is None


def test_a_day_has_only_so_many_deletions() -> None:
    recorder, book = Recorder(), rulebook(DELETE)
    recorder.deletions_left = 1
    first, second = lead(), lead()
    for who in (first, second):
        run_with(recorder, book, who)
    assert (first.deleted_at, second.deleted_at) == (NOW, None)
    assert recorder.activities[-1].data["reason"].startswith("policy: campaigns have deleted as many leads")


def run_with(recorder: Recorder, book: Any, who: LeadState) -> None:
    run_event(book, who, event(), NOW, recorder)


def test_no_step_may_come_after_a_deletion_on_its_way() -> None:
    (found,) = faults(campaign(step_of("delete_lead"), step_of("exit_flow", "two")))
    assert found.startswith("steps[0]") and "no step may come after delete_lead" in found
    nested = {"if": {"field": "orders", "operator": "is", "value": 1}, "steps": [step_of("delete_lead", "two")]}
    case = {"label": "x", "when": nested["if"], "steps": nested["steps"]}
    ends = campaign(step_of("branch", cases=[case]))
    goes_on = campaign(step_of("branch", cases=[case]), step_of("exit_flow", "three"))
    assert faults(ends) == []
    assert ["no step may come after" in fault for fault in faults(goes_on)] == [True]


def test_the_winner_keeps_what_it_has_and_takes_what_it_lacks() -> None:
    who = lead(nickname="Ann", score=3, tags={"vip"}, lists={"vips"})
    bob = other(8, "bob", nickname="Bob", orders=4, score=9, company="Globex", tags={"hot"}, lists={"news"})
    bob.records = {("goal", "first-order"): {"at": "x"}}

    winner, rows = merge(who, bob)

    assert winner is who and current(bob) is who and bob.life_changed
    assert who.values == {"nickname": "Ann", "orders": 4, "score": 3, "company": "Globex"}
    assert (who.tags, who.lists) == ({"vip", "hot"}, {"vips", "news"})
    assert record(who, "goal", "first-order") == {"at": "x"}
    assert [row.data.get("merged") for row in rows if row.data.get("merged")] == ["bob"]
    assert {(row.kind, row.campaign_id, row.step) for row in rows[1:]} == {("merge_leads", 1, "one")}


@pytest.mark.parametrize(("rule", "score"), [("winner", 3), ("highest", 9), ("sum", 16)])
def test_fields_and_the_score_may_come_from_the_others(rule: str, score: int) -> None:
    who, bob, eve = lead(nickname="Ann", score=3), other(8, "bob", nickname="Bob", score=9), other(9, "eve", score=4)
    merge(who, bob, eve, prefer_others=["nickname"], score=rule)
    assert who.values == {"nickname": "Bob", "score": score}


@pytest.mark.parametrize(("rule", "wins"), [("this", "L7"), ("oldest", "old"), ("highest_score", "bob")])
def test_the_rule_says_who_stays(rule: str, wins: str) -> None:
    who, old, bob = lead(score=1), other(2, "old"), other(8, "bob", score=9)
    winner, _ = merge(who, old, bob, winner=rule)
    assert winner.key == wins
    assert {one.key for one in (who, old, bob) if one.winner is winner} == {"L7", "old", "bob"} - {wins}


def test_consents_of_all_stay_in_the_order_of_their_time() -> None:
    who, bob = lead(), other(8, "bob")
    said = {day: {"granted": day != 2, "at": f"2026-01-0{day}"} for day in (1, 2, 3)}
    who.records = {("consent", "profiling:000001"): said[1], ("consent", "profiling:000002"): said[3]}
    bob.records = {("consent", "profiling:000001"): said[2]}
    merge(who, bob)
    assert [record(who, "consent", f"profiling:00000{n}") for n in (1, 2, 3)] == [said[1], said[2], said[3]]


def test_a_merge_is_heard_and_so_is_what_it_brings() -> None:
    who, bob = lead(), other(8, "bob", tags={"hot"})
    merged = campaign(step_of("change_field", field="nickname", value="{{ event.loser }}"), on={"type": "leads_merged"})
    tagged = campaign(step_of("increment_number", field="orders", by=1), on={"type": "tag_added", "tag": "hot"})
    book = rulebook(campaign(step_of("merge_leads", others=["bob"])), merged, tagged)
    (sent,) = answer(book, who, event())[1]
    answer(book, winner_of(who, [bob], "this", NOW), sent)
    assert who.values == {"score": 0, "nickname": "bob", "orders": 1} | who.values and who.values["nickname"] == "bob"


def test_who_is_deleted_frozen_or_merged_already_takes_no_part() -> None:
    who, gone, mine, cold = lead(), other(8, "gone"), other(9, "mine"), other(10, "cold")
    gone.deleted_at, mine.winner, cold.frozen_until = NOW, who, NOW + timedelta(days=1)
    _, rows = merge(who, gone, mine, cold)
    assert rows[-1].data["reason"] == "missing: none of the other leads exists"
    assert gone.winner is None


@pytest.mark.parametrize(
    ("others", "outcome", "reason"),
    [
        (["L7"], "failed", "a lead cannot be merged with itself"),
        (["{{ event.shop }}"], "skipped", "missing: there is no other lead"),
        (["a\nb"], "failed", "must not contain control characters"),
    ],
)
def test_keys_that_will_not_do_ask_for_nothing(others: list[str], outcome: str, reason: str) -> None:
    row = act(lead(), "merge_leads", others=others)
    assert row["outcome"] == outcome and reason in row["reason"]


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("merge_leads", {"others": []}, "expected a list of 1 to 25 keys"),
        ("merge_leads", {"others": [str(n) for n in range(LEADS_LIMIT + 1)]}, "expected a list of 1 to 25 keys"),
        ("merge_leads", {"others": ["b"], "winner": "that"}, "expected one of this, oldest, highest_score"),
        ("merge_leads", {"others": ["b"], "prefer_others": ["stage"]}, "changed by the action change_stage only"),
        ("delete_lead", {"mode": "softly"}, "expected one of soft, hard"),
        ("restore_lead", {"mode": "soft"}, "has no such parameter"),
    ],
)
def test_bad_parameters_are_faults(action: str, params: dict[str, object], fault: str) -> None:
    (found,) = faults(campaign(step_of(action, **params)))
    assert fault in found
