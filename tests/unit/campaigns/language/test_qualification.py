"""How often a lead may run through a campaign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.campaigns.acme import campaign, event, lead, rulebook, run, schema, step

ADD = step("change_score", op="add", amount=1)
BERLIN_NOON = datetime(2026, 3, 14, 11, tzinfo=UTC)  # a Saturday


def score_after(rule: dict[str, Any], *moments: datetime, **data: Any) -> int:
    book, who = rulebook(campaign(ADD, qualification=rule)), lead(score=0)
    for place, moment in enumerate(moments):
        run(book, who, event(id=f"e{place}", at=moment, **data))
    return who.values["score"]


def after(**times: float) -> datetime:
    return BERLIN_NOON + timedelta(**times)


@pytest.mark.parametrize(("times", "score"), [(1, 1), (2, 2), (3, 3), (100, 3)])
def test_a_lead_enters_so_often_in_its_life(times: int, score: int) -> None:
    assert score_after({"times": times}, BERLIN_NOON, after(days=400), after(days=800)) == score


def test_a_rolling_day_is_twenty_four_hours() -> None:
    rule = {"times": 1, "per": {"amount": 1, "unit": "days"}}
    assert score_after(rule, BERLIN_NOON, after(hours=23.9)) == 1
    assert score_after(rule, BERLIN_NOON, after(hours=24)) == 2


def test_a_calendar_day_is_the_tenants_own() -> None:
    rule = {"times": 1, "per": {"amount": 1, "unit": "days"}, "calendar": True}
    assert score_after(rule, BERLIN_NOON, after(hours=10.9)) == 1  # 22:54 in Berlin
    assert score_after(rule, BERLIN_NOON, after(hours=12)) == 2  # midnight in Berlin, 23:00 in UTC
    assert score_after(rule, after(hours=12.5), after(hours=20)) == 1  # 00:30 and 08:00 in Berlin, on two days in UTC
    assert score_after(rule, after(days=14, hours=12.5), after(days=15, hours=10.9)) == 1  # a day of 23 hours


@pytest.mark.parametrize(("unit", "inside", "outside"), [("weeks", 1, 2), ("months", 17, 18), ("years", 291, 293)])
def test_a_calendar_period_begins_anew(unit: str, inside: int, outside: int) -> None:
    rule = {"times": 1, "per": {"amount": 1, "unit": unit}, "calendar": True}
    assert score_after(rule, BERLIN_NOON, after(days=inside)) == 1
    assert score_after(rule, BERLIN_NOON, after(days=outside)) == 2


def test_a_week_begins_on_the_tenants_day() -> None:
    rule = {"times": 1, "per": {"amount": 1, "unit": "weeks"}, "calendar": True}
    book, who = rulebook(campaign(ADD, qualification=rule), tenant=schema(week_start=6)), lead(score=0)
    for days in (0, 1, 2):  # Saturday, Sunday, Monday
        run(book, who, event(id=f"e{days}", at=after(days=days)))
    assert who.values["score"] == 2


def test_the_oldest_of_several_entries_makes_room_first() -> None:
    rule = {"times": 2, "per": {"amount": 10, "unit": "days"}}
    assert score_after(rule, BERLIN_NOON, after(days=6), after(days=9)) == 2
    assert score_after(rule, BERLIN_NOON, after(days=6), after(days=11), after(days=12)) == 3


def test_keys_are_counted_apart() -> None:
    book, who = rulebook(campaign(ADD, qualification={"times": 1, "key": "{{ event.shop }}"})), lead(score=0)
    for place, shop in enumerate(("north", "south", "north", None, None, "x" * 200, "x" * 200)):
        run(book, who, event(id=f"e{place}", shop=shop))
    assert who.values["score"] == 4
    assert all(len(key) < 120 for kind, key in who.records)
