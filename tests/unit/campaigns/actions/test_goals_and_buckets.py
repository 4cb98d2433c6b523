"""Goals are counted once; buckets are dealt evenly and for ever."""

from __future__ import annotations

from collections import Counter

import pytest

from campaigns.actions.assign_bucket import bucket_of
from tests.unit.campaigns.acme import THEN, act, campaign, event, faults, lead, outcomes, record, rulebook, run, step

WHEN = THEN.isoformat()


def test_a_goal_is_reached_once() -> None:
    who = lead()

    act(who, "record_goal", goal="first-order", value="{{ event.amount }}")
    assert record(who, "goal", "first-order") == {"at": WHEN, "value": "10.00", "counted": True}
    assert act(who, "record_goal", goal="first-order")["outcome"] == "no_op"


def test_a_goal_with_a_key_is_reached_once_for_each() -> None:
    who = lead()
    for shop in ("a", "a", "b"):
        act(who, "record_goal", goal="first-order", once_key="{{ event.shop }}", on=event(shop=shop))
    assert sorted(key for _, key in who.records) == ["first-order:a", "first-order:b"]


def test_outside_its_dates_a_goal_is_recorded_and_not_counted() -> None:
    who = lead()
    act(who, "record_goal", goal="spring")
    assert (record(who, "goal", "spring") or {})["counted"] is False


def test_a_goal_is_heard() -> None:
    hears = campaign(step("change_tags", add=["hot"]), on={"type": "goal_reached", "goal": "first-order"})
    rows = run(rulebook(campaign(step("record_goal", goal="first-order")), hears), lead())
    assert outcomes(rows)[-1] == ("one", "change_tags", "done")


def test_a_lead_keeps_its_bucket() -> None:
    who = lead()
    act(who, "assign_bucket", namespace="subject-lines", size=4)
    kept = record(who, "bucket", "subject-lines")
    assert kept == {"bucket": bucket_of("acme", "subject-lines", "L7", 4), "size": 4}

    assert act(who, "assign_bucket", namespace="subject-lines", size=4)["outcome"] == "no_op"
    other = act(who, "assign_bucket", namespace="subject-lines", size=5)
    assert other["reason"] == "subject-lines has 4 buckets; use a new namespace for another number"


def test_buckets_are_even_and_independent_of_each_other() -> None:
    leads = [f"lead-{number}" for number in range(4000)]
    pairs = Counter((bucket_of("acme", "a", lead, 2), bucket_of("acme", "b", lead, 2)) for lead in leads)
    assert set(pairs) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert all(900 < count < 1100 for count in pairs.values())
    assert [bucket_of("acme", "a", lead, 2) for lead in leads] != [bucket_of("globex", "a", lead, 2) for lead in leads]


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"namespace": "Subject", "size": 4}, "expected 1 to 63 lower-case letters, digits, - and _, got 'Subject'"),
        ({"namespace": "a", "size": 1}, "expected a whole number from 2 to 10,000, got 1"),
        ({"namespace": "a", "size": True}, "expected a whole number from 2 to 10,000, got true"),
    ],
)
def test_bad_experiments_are_faults(params: dict[str, object], fault: str) -> None:
    (found,) = faults(campaign(step("assign_bucket", **params)))
    assert fault in found
