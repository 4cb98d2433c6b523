"""Leads that are moved between partitions, and not to where somebody has their e-mail address."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.partitions import seat
from campaigns.language.shared import SEAT
from tests.unit.campaigns.acme import act, campaign, faults, lead, outcomes, record, rulebook, run, step
from tests.unit.campaigns.filters.matching import fault, matches

ACTION = "change_partition"
EUROPE = {"partition": "europe", "operator": "in"}


def seated(who: LeadState, partition: str, email: str) -> Any:
    return (who.shared.get(SEAT, seat(partition, email)) or {}).get("leads")


def test_the_lead_is_in_one_partition_and_the_move_says_from_where() -> None:
    who = lead()

    assert act(who, ACTION, partition="asia")["from"] is None
    assert act(who, ACTION, partition="europe") == {
        "partition": "current", "old": {"partition": "asia"}, "new": {"partition": "europe"},
        "from": "asia", "to": "europe", "outcome": "done",
    }  # fmt: skip
    assert record(who, "partition", "current") == {"partition": "europe"}


def test_the_same_partition_again_is_no_change() -> None:
    there = step(ACTION, partition="europe")
    rows = run(rulebook(campaign(there, there | {"id": "two"})), lead(email="ann@acme.test"))

    assert outcomes(rows) == [("one", "change_lead_partition", "done"), ("two", "change_lead_partition", "no_op")]


def test_a_lead_is_not_moved_to_where_another_has_its_address() -> None:
    who = lead(email="Ann@Acme.test")
    who.shared.put(SEAT, "europe:ann@acme.test", {"leads": ["L8"]})

    row = act(who, ACTION, partition="europe")

    reason = "policy: L8 is in europe and has the same e-mail address; merge the two"
    assert (row["outcome"], row["reason"]) == ("skipped", reason)
    assert who.records == {}


def test_who_moves_away_leaves_its_place_to_others() -> None:
    who = lead(email="ann@acme.test")
    act(who, ACTION, partition="europe")
    assert seated(who, "europe", "ANN@acme.test") == ["L7"]

    act(who, ACTION, partition="asia")

    assert (seated(who, "europe", "ann@acme.test"), seated(who, "asia", "ann@acme.test")) == ([], ["L7"])


def test_a_lead_without_an_address_is_moved_whoever_is_there() -> None:
    who = lead()
    assert act(who, ACTION, partition="europe")["outcome"] == "done"
    assert who.shared.records == {}


def test_filters_ask_where_a_lead_is() -> None:
    who = lead()
    assert not matches(EUROPE, who)
    act(who, ACTION, partition="europe")
    assert matches(EUROPE, who)

    other = lead()
    act(other, ACTION, partition="asia")
    assert matches(EUROPE | {"operator": "not_in"}, other)


def test_a_filter_on_an_unknown_partition_is_a_fault() -> None:
    assert "unknown partition 'nowhere'" in fault({"partition": "nowhere"})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"partition": "nowhere"}, "unknown partition 'nowhere'"),
        ({"partition": "mars"}, "partition 'mars' is archived"),
        ({}, "steps[0].params.partition: is missing"),
    ],
)
def test_bad_parameters_are_faults(params: dict[str, Any], message: str) -> None:
    (found,) = faults(campaign(step(ACTION, **params)))
    assert message in found
