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
