"""Runs of leads that are merged away end, or go on as the winner's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from campaigns.language.lead import LeadState
from campaigns.language.merging import winner_of
from campaigns.language.rulebook import Rulebook
from tests.unit.campaigns.acme import (
    NOW,
    answer,
    campaign,
    event,
    faults,
    lead,
    on,
    pass_time,
    rulebook,
    run,
    step,
)

LATER = NOW + timedelta(hours=2)
WAIT = step("wait_duration", "wait", wait={"amount": 1, "unit": "hours"})
COUNT = step("increment_number", "count", field="orders", by=1)
WAITS = campaign(WAIT, COUNT)


def book_of(*documents: Any, runs: str = "move", **named: Any) -> Rulebook:
    """With a campaign that merges bob on a sign-up."""
    merges = campaign(step("merge_leads", others=["bob"], runs=runs), on=on("signup"))
    return rulebook(*documents, merges=merges, **named)


def bob(id: int = 8) -> LeadState:
    who = LeadState(id=id, tenant="acme", key="bob", values={"orders": 0})
    who.shared = lead().shared
    return who


def merge(book: Rulebook, who: LeadState, *others: LeadState) -> list[Any]:
    """The rows that tell of it."""
    (sent,) = answer(book, who, event("signup", id="m", email="a"))[1]
    return answer(book, winner_of(who, others, "this", NOW), sent)[0]


def told(rows: list[Any], *kinds: str) -> list[tuple[str, Any]]:
    return [(row.kind, row.data.get("ended") or row.data.get("lead")) for row in rows if row.kind in kinds]


def test_a_run_goes_on_as_the_winners_where_it_was() -> None:
    book, who, loser = book_of(WAITS), lead(orders=0), bob()
    run(book, loser)
    ((id, parked),) = loser.runs.items()

    rows = merge(book, who, loser)

    assert told(rows, "run_moved", "run_ended") == [("run_moved", "bob")]
    assert who.runs == {id: parked} and who.changed_runs == {id}
    assert (loser.runs, loser.changed_runs) == ({}, {id})
    pass_time(book, who, LATER)
    assert (who.runs, who.values["orders"]) == ({}, 1)


def test_unless_it_is_said_it_ends() -> None:
    book, who, loser = book_of(WAITS, runs="end"), lead(orders=0), bob()
    run(book, loser)
    rows = merge(book, who, loser)
    assert (who.runs, loser.runs, told(rows, "run_moved", "run_ended")) == ({}, {}, [])


def test_where_the_winner_is_inside_the_losers_run_ends_with_the_reason() -> None:
    book, who, loser = book_of(WAITS), lead(orders=0), bob()
    run(book, loser)
    run(book, who, event(id="e2"))
    own = set(who.runs)

    rows = merge(book, who, loser)

    assert told(rows, "run_moved", "run_ended") == [("run_ended", "the lead that stays is inside already")]
    assert set(who.runs) == own
    pass_time(book, who, LATER)
    assert who.values["orders"] == 1


def test_runs_of_other_keys_and_parallel_ones_move_beside_the_winners() -> None:
    keyed = campaign(WAIT, COUNT, qualification={"key": "{{ event.shop }}"})
    parallel = campaign(WAIT, COUNT, qualification={"inside": "parallel"})
    book, who, loser = book_of(keyed, parallel), lead(orders=0), bob()
    run(book, who, event(shop="graz"))
    run(book, loser, event(id="e2", shop="linz"), event(id="e3", shop="graz"))

    rows = merge(book, who, loser)

    assert told(rows, "run_ended") == [("run_ended", "the lead that stays is inside already")]
    assert sorted((one.campaign_id, one.key) for one in who.runs.values()) == [
        (1, "graz"), (1, "linz"), (2, ""), (2, ""), (2, ""),
    ]  # fmt: skip


def test_who_may_not_enter_again_inherits_no_run() -> None:
    once = campaign(WAIT, COUNT, qualification={"times": 1})
    book, who, loser = book_of(once), lead(orders=0), bob()
    run(book, who)
    pass_time(book, who, LATER)
    run(book, loser, event(id="e2"))

    (row,) = [row for row in merge(book, who, loser) if row.kind == "run_ended"]

    assert row.data["ended"].startswith("the lead that stays entered 1 times already")
    assert (who.runs, who.values["orders"]) == ({}, 1)


def test_of_two_losers_the_run_that_was_entered_first_moves() -> None:
    book, who, first, second = book_of(WAITS), lead(orders=0), bob(9), bob(8)
    run(book, first)
    run(book, second, event(id="e2"), now=NOW + timedelta(minutes=1))
    (kept,) = first.runs
    rows = merge(book, who, second, first)
    assert set(who.runs) == {kept}
    assert [kind for kind, _ in told(rows, "run_moved", "run_ended")] == ["run_moved", "run_ended"]


def test_a_run_that_waits_for_one_that_may_not_move_goes_on() -> None:
    child = campaign(WAIT, on={"type": "campaign_requested"})
    parent = campaign(step("execute_campaign", "child", campaign="child"), COUNT)
    book, who, loser = book_of(parent, child=child), lead(orders=0), bob()
    run(book, loser)
    waits = next(one for one in loser.runs.values() if one.campaign_id != 1)
    who.runs = {"own": msgspec.structs.replace(waits, id="own", state=waits.state | {"parent": ""})}

    merge(book, who, loser)

    assert (set(who.runs), who.values["orders"]) == ({"own"}, 1)


@pytest.mark.parametrize("runs", ["keep", None])
def test_another_word_is_a_fault(runs: Any) -> None:
    (found,) = faults(campaign(step("merge_leads", others=["bob"], runs=runs)))
    assert "expected one of end, move" in found
