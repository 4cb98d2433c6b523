from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.rotation import levels, next_turn
from campaigns.language.shared import LOAD, Shared
from tests.unit.campaigns.acme import (
    ACME,
    NOW,
    act,
    campaign,
    event,
    faults,
    lead,
    outcomes,
    rulebook,
    run,
    schema,
    step,
)

ACTION = "rotate_owner"
ANN, BOB, CID = "ann@acme.test", "bob@acme.test", "cid@acme.test"


def owners_of(count: int, shared: Shared, tenant: Any = ACME, **params: Any) -> list[str]:
    """Who gets each of so many new leads."""
    book = rulebook(campaign(step(ACTION, **params)), tenant=tenant)
    owners = []
    for _ in range(count):
        who = lead()
        who.shared = shared
        run(book, who)
        owners.append(who.values.get("owner"))
    return owners


def test_owners_take_turns() -> None:
    assert owners_of(5, Shared(), pool="sales") == [ANN, CID, ANN, CID, ANN]


def test_the_turn_is_logged_with_old_and_new() -> None:
    assert act(lead(), ACTION, pool="sales") == {
        "field": "owner", "old": None, "new": ANN, "pool": "sales", "position": 1,
        "group": 1, "outcome": "done",
    }  # fmt: skip


def test_weights_are_kept_to_exactly() -> None:
    assert owners_of(8, Shared(), pool="weighted", mode="weighted") == [ANN, ANN, ANN, CID, ANN, ANN, ANN, CID]
    assert Counter(owners_of(8, Shared(), pool="weighted")) == {ANN: 4, CID: 4}


def test_a_lead_keeps_its_owner_and_takes_nobodys_turn() -> None:
    who, shared = lead(owner=BOB), Shared()
    who.shared = shared
    assert act(who, ACTION, pool="sales")["reason"] == "policy: the lead has an owner"
    assert shared.records == {}
    assert act(who, ACTION, pool="sales", skip_if_owned=False)["new"] == ANN


def test_an_inactive_owner_is_passed_over_and_catches_up_on_nothing() -> None:
    shared = Shared()
    away = schema(inactive_owners=frozenset({CID}))

    assert owners_of(2, shared, pool="sales") == [ANN, CID]
    assert owners_of(20, shared, away, pool="sales") == [ANN] * 20
    assert Counter(owners_of(10, shared, pool="sales")) == {ANN: 5, CID: 5}


def test_without_an_active_owner_the_fallback_gets_the_lead() -> None:
    assert act(lead(), ACTION, pool="away")["reason"] == "missing: away has no active owner"
    row = act(lead(), ACTION, pool="away", fallback=CID)
    assert (row["new"], row["fallback"]) == (CID, True)
    row = act(lead(), ACTION, pool="away", fallback="{{ event.shop }}", on=event(shop=BOB))
    assert row["outcome"] == "skipped"


def test_the_one_with_fewest_leads_gets_the_next() -> None:
    shared = Shared({(LOAD, "sales"): {"leads": {ANN: 5, CID: 2}}})
    assert owners_of(6, shared, pool="sales", mode="least_loaded") == [CID, CID, CID, ANN, CID, ANN]
    assert shared.records[LOAD, "sales"]["leads"] == {ANN: 7, CID: 6}
    assert act_with(shared, lead(), mode="least_loaded")["leads"] == 6


def test_a_lead_that_changes_hands_counts_for_its_new_owner_alone() -> None:
    shared = Shared({(LOAD, "sales"): {"leads": {ANN: 3, CID: 1}}})
    assert act_with(shared, lead(owner=ANN), mode="least_loaded", skip_if_owned=False)["new"] == CID
    assert shared.records[LOAD, "sales"]["leads"] == {ANN: 2, CID: 2}
    stays = act_with(shared, lead(owner=ANN), mode="least_loaded", skip_if_owned=False)
    assert stays["outcome"] == "no_op"
    assert shared.records[LOAD, "sales"]["leads"] == {ANN: 2, CID: 2}


def act_with(shared: Shared, who: Any, **params: Any) -> dict[str, Any]:
    who.shared = shared
    return act(who, ACTION, pool="sales", **params)


@pytest.mark.parametrize("mode", ["round_robin", "weighted", "least_loaded"])
def test_who_is_away_by_its_calendar_is_passed_over_that_day(mode: str) -> None:
    book = rulebook(campaign(step(ACTION, pool="days", mode=mode)))
    got = []
    for days in (0, 1, 2, 3):  # away on the first and second day after
        who = lead()
        run(book, who, event(id=f"e{days}"), now=NOW + timedelta(days=days))
        got.append(who.values["owner"])
    assert got == [ANN, CID, CID, ANN]


def test_steps_run_for_leads_that_nobody_gets() -> None:
    note = step("add_note", "note", text="nobody")
    document = campaign(step(ACTION, pool="away", on_empty=[note]), step("add_note", "after", text="x"))
    assert outcomes(run(rulebook(document), lead())) == [
        ("one", "change_owner", "done"), ("note", "note_added", "done"), ("after", "note_added", "done"),
    ]  # fmt: skip
    filled = campaign(step(ACTION, pool="away", on_empty=[note], fallback=CID))
    assert outcomes(run(rulebook(filled), lead())) == [("one", "change_owner", "done")]


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"pool": "lost"}, f"{ANN} of pool 'lost' has an unknown calendar 'holiday'; did you mean 'holidays'?"),
        ({"pool": "away", "on_empty": "x"}, "on_empty: expected a list of at least one step"),
        ({"pool": "sale"}, "unknown pool of owners 'sale'; did you mean 'sales'?"),
        ({"pool": "sales", "mode": "random"}, "expected one of round_robin, weighted, least_loaded"),
        ({"pool": "sales", "fallback": BOB}, f"owner '{BOB}' is inactive; choose an active one"),
        ({"pool": "sales", "fallback": "nobody@acme.test"}, "unknown owner 'nobody@acme.test'"),
        ({"pool": "sales", "skip_if_owned": "perhaps"}, "expected true or false"),
    ],
)
def test_bad_parameters_are_faults(params: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step(ACTION, **params)))
    assert fault in found


WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=1)


@given(WEIGHTS, st.integers(1, 3))
def test_a_full_round_gives_each_as_many_turns_as_its_weight(weights: dict[str, int], rounds: int) -> None:
    counts: dict[str, int] = {}
    for _ in range(rounds * sum(weights.values())):
        counts = levels(counts, weights)
        counts[next_turn(counts, weights)] += 1
    assert counts == {name: rounds * weight for name, weight in weights.items()}


@given(WEIGHTS, st.integers(0, 60))
def test_at_no_moment_has_anybody_a_whole_round_too_much(weights: dict[str, int], turns: int) -> None:
    counts: dict[str, int] = {}
    for _ in range(turns):
        counts = levels(counts, weights)
        counts[next_turn(counts, weights)] += 1
    shares = [counts.get(name, 0) / weight for name, weight in weights.items()]
    assert max(shares) - min(shares) <= 1
