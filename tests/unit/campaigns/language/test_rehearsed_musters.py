"""Batches in a rehearsal: frozen, then told, each at its time."""

from __future__ import annotations

from datetime import timedelta

from campaigns.language.lead import LeadState
from campaigns.language.rehearsal import Muster, Rehearsal, Report
from tests.unit.campaigns.acme import THEN, campaign, event, lead, rulebook, step

WAIT = step("wait_duration", "wait", wait={"amount": 2, "unit": "days"})
ADD = step("change_score", "add", op="add", amount=1)
EVERYBODY = {"field": "score", "operator": "at_least", "value": 0}
BATCH = {"type": "batch", "audience": EVERYBODY}


def below(score: int) -> Muster:
    return Muster(THEN, lambda leads: [lead for lead in leads if lead.values["score"] < score])


def at(days: float, muster: Muster) -> Muster:
    return Muster(THEN + timedelta(days=days), muster.choose)


def rehearse(*musters: Muster, steps: tuple = (ADD,), days: float = 30, **leads: LeadState) -> tuple[Report, Rehearsal]:
    everybody = leads or {who: lead(score=0) for who in ("L7", "L8")}
    for key, one in everybody.items():
        one.key = key
    book = rulebook(tried=campaign(*steps, on=BATCH), also=campaign(ADD))
    rehearsal = Rehearsal(book, everybody, "tried")
    return rehearsal.play([event(at=THEN + timedelta(days=1))], THEN + timedelta(days=days), None, musters), rehearsal


def test_the_members_run_through_the_campaign() -> None:
    found, _ = rehearse(below(1))
    assert (found.batches, found.members, found.leads_entered, found.steps) == (1, 2, 2, {"add": {"done": 2}})


def test_each_batch_has_the_audience_of_its_own_time() -> None:
    found, _ = rehearse(at(0.5, below(1)), at(2, below(2)))
    # The purchase at day 1 made one of them too high for the second.
    assert (found.batches, found.members) == (2, 3)


def test_waits_that_end_before_a_batch_end_before_it() -> None:
    found, _ = rehearse(at(0, below(1)), at(3, below(1)), steps=(WAIT, ADD))
    assert (found.members, found.steps) == (2, {"wait": {"deferred": 2, "done": 2}, "add": {"done": 2}})


def test_the_audience_is_frozen_before_anybody_is_told() -> None:
    seen: list[int] = []

    def choose(leads: list[LeadState]) -> list[LeadState]:
        seen.extend(lead.values["score"] for lead in leads)
        return leads

    rehearse(Muster(THEN, choose))
    assert seen == [0, 0]


def test_a_batch_after_the_end_is_not_started() -> None:
    found, _ = rehearse(at(31, below(9)))
    assert (found.batches, found.members) == (0, 0)


def test_who_did_not_exist_by_then_is_no_member() -> None:
    found, rehearsal = rehearse(at(0, below(9)), at(2, below(9)), old=lead(score=0))
    # The lead of the purchase is unknown until it comes.
    assert (found.members, sorted(rehearsal.leads)) == (3, ["L7", "old"])
