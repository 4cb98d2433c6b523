"""A score decays once in a period, and not below its floor."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.campaigns.acme import THEN, act, campaign, event, faults, lead, record, step


def test_a_score_falls_by_its_part_once_a_month() -> None:
    who = lead(score=95)

    row = act(who, "decay_score", percent=10)
    assert (who.values["score"], row["change"], row["reason"]) == (85, -10, "decay")
    assert record(who, "decay", "score") == {"period": "2026-03"}

    again = act(who, "decay_score", percent=10, on=event(at=THEN + timedelta(days=10)))
    assert again["outcome"] == "no_op"
    act(who, "decay_score", percent=10, on=event(at=THEN + timedelta(days=20)))
    assert who.values["score"] == 76


@pytest.mark.parametrize(
    ("per", "period"), [("day", "2026-03-15"), ("week", "week of 2026-03-09"), ("month", "2026-03")]
)
def test_periods_are_the_tenants_calendars(per: str, period: str) -> None:
    who = lead(score=10)
    act(who, "decay_score", percent=50, per=per)
    assert record(who, "decay", "score") == {"period": period}


@pytest.mark.parametrize(("score", "floor", "left"), [(10, 8, 8), (5, 8, 5), (1, 0, 0), (0, 0, 0)])
def test_a_floor_holds(score: int, floor: int, left: int) -> None:
    who = lead(score=score)
    act(who, "decay_score", percent=50, floor=floor)
    assert who.values["score"] == left


@pytest.mark.parametrize("percent", [0, 101, "10", None])
def test_a_part_is_of_a_hundred(percent: object) -> None:
    (found,) = faults(campaign(step("decay_score", percent=percent)))
    assert "expected a whole number from 1 to 100" in found


@pytest.mark.parametrize(
    ("score", "floor", "amount", "left"),
    [(95, 0, 10, 85), (5, 0, 10, 0), (12, 8, 10, 8), (5, 8, 10, 5), (5, 0, 10**18, 0), (5, 0, "{{ event.cds }}", 4)],
)
def test_a_score_falls_by_points(score: int, floor: int, amount: object, left: int) -> None:
    who = lead(score=score)

    act(who, "decay_score", amount=amount, floor=floor)
    assert who.values["score"] == left
    assert record(who, "decay", "score") == {"period": "2026-03"}
    assert act(who, "decay_score", amount=amount, floor=floor)["outcome"] == "no_op"


@pytest.mark.parametrize(
    ("cds", "outcome", "reason"),
    [
        (0, "failed", "amount: 0 points are none to fall by; give at least 1"),
        (-3, "failed", "amount: -3 points are none to fall by; give at least 1"),
        (None, "skipped", "missing: there is no number of points"),
    ],
)
def test_points_that_are_none_leave_the_score_and_the_period(cds: int | None, outcome: str, reason: str) -> None:
    who = lead(score=10) if cds is None else lead(score=10, orders=cds)

    row = act(who, "decay_score", amount="{{ lead.orders }}")
    assert (row["outcome"], row["reason"]) == (outcome, reason)
    assert (who.values["score"], record(who, "decay", "score")) == (10, None)


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({}, "params: give one of percent, amount, and no more than one"),
        ({"percent": 10, "amount": 10}, "params: give one of percent, amount, and no more than one"),
        ({"amount": 0}, "params.amount: must be at least 1, got 0"),
        ({"amount": None}, "params.amount: must not be null"),
        ({"amount": "many"}, "params.amount: "),
        ({"amount": "{{ lead.nickname }}"}, "params.amount: "),
    ],
)
def test_bad_parameters_are_named(params: dict[str, object], fault: str) -> None:
    (found,) = faults(campaign(step("decay_score", **params)))
    assert found.startswith(f"steps[0].{fault}")
