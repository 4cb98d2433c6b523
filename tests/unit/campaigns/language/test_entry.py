"""How many leads a campaign lets in: a share that stays, and a number that is exact."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.shared import AUDIENCE, Shared
from tests.unit.campaigns.acme import campaign, event, faults, lead, outcomes, rulebook, run, step

NOTE = step("add_note", "note", text="in")


def enters(book: Rulebook, key: str, shared: Shared | None = None, tenant: str = "acme", id: str = "e1") -> bool:
    who = LeadState(id=1, tenant=tenant, key=key)
    who.shared = shared or Shared()
    return outcomes(run(book, who, event(id=id))) != []


def let_in(percent: int, tenant: str = "acme", leads: int = 800) -> set[str]:
    book = rulebook(campaign(NOTE, entry={"canary": percent}))
    return {f"L{number}" for number in range(leads) if enters(book, f"L{number}", tenant=tenant)}


def test_a_canary_lets_in_its_share_and_the_same_leads_when_it_rises() -> None:
    ten, thirty = let_in(10), let_in(30)
    assert 50 < len(ten) < 115
    assert ten < thirty
    assert let_in(10) == ten
    assert let_in(10, tenant="globex") != ten
    assert len(let_in(100, leads=50)) == 50


def test_campaigns_are_tried_on_different_leads() -> None:
    book = rulebook(one=campaign(NOTE, entry={"canary": 50}), two=campaign(NOTE, entry={"canary": 50}))
    counts = set()
    for number in range(40):
        who = LeadState(id=1, tenant="acme", key=f"L{number}")
        counts.add(len(outcomes(run(book, who))))
    assert counts == {0, 1, 2}


def test_a_cap_lets_in_so_many_leads_and_those_who_were_in_before() -> None:
    book, shared = rulebook(campaign(NOTE, entry={"cap": 2})), Shared()
    first = lead()
    first.shared = shared
    assert outcomes(run(book, first)) != []
    assert [enters(book, key, shared) for key in ("a", "b", "c")] == [True, False, False]
    assert outcomes(run(book, first, event(id="e2"))) != []
    assert shared.records == {(AUDIENCE, "c1"): {"count": 2}}


def test_who_does_not_qualify_takes_no_place() -> None:
    refusing = campaign(NOTE, entry={"cap": 2}, filter={"field": "orders", "operator": "is_not_empty"})
    shared = Shared()
    assert not enters(rulebook(refusing), "a", shared)
    assert shared.records == {}


def test_a_lead_takes_one_place_however_often_it_enters() -> None:
    book, shared, who = rulebook(campaign(NOTE, entry={"cap": 5})), Shared(), lead()
    who.shared = shared
    run(book, who, *(event(id=f"e{number}") for number in range(3)))
    assert shared.records[AUDIENCE, "c1"] == {"count": 1}


def test_before_it_knows_the_count_a_bundle_asks_for_it() -> None:
    """Then it is decided anew, with the count locked: campaigns/shared.py."""
    book, shared = rulebook(campaign(NOTE, entry={"cap": 1})), Shared(is_whole=False)
    enters(book, "a", shared)
    assert shared.missed == {(AUDIENCE, "c1"): True}


def test_a_campaign_that_is_executed_keeps_to_its_cap() -> None:
    inner = campaign(NOTE, on={"type": "campaign_requested"}, entry={"cap": 1})
    book, shared = rulebook(campaign(step("execute_campaign", campaign="welcome")), welcome=inner), Shared()
    told = []
    for key in ("a", "b"):
        who = LeadState(id=1, tenant="acme", key=key)
        who.shared = shared
        told.append(run(book, who)[-1].data["qualified"])
    assert told == [True, False]


def test_a_campaign_without_a_cap_needs_no_shared_records() -> None:
    assert AUDIENCE not in rulebook(campaign(NOTE, entry={"canary": 5})).needs_records
    assert AUDIENCE in rulebook(campaign(NOTE, entry={"cap": 5})).needs_records


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (10, "entry: expected an object such as"),
        ({"canary": 0}, "entry.canary: expected a whole number from 1 to 100, got 0"),
        ({"canary": 101}, "entry.canary: expected a whole number from 1 to 100"),
        ({"cap": 0}, "entry.cap: expected a whole number from 1 to 1,000,000,000"),
        ({"cap": True}, "entry.cap: expected a whole number"),
        ({"caps": 3}, "entry.caps: has no meaning here"),
    ],
)
def test_a_fault_is_named(entry: Any, fault: str) -> None:
    assert faults(campaign(NOTE, entry=entry))[0].startswith(fault)
