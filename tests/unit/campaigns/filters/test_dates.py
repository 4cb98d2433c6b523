from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.campaigns.acme import NOW, lead
from tests.unit.campaigns.filters.matching import asks, fault, matches

#: The 29th of March 2026 has 23 hours in Berlin: from 23:00 UTC the day before to 22:00 UTC.
START, END = datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("operator", "inside", "first", "before", "after"),
    [
        ("is", True, True, False, False),
        ("is_not", False, False, True, True),
        ("before", False, False, True, False),
        ("on_or_before", True, True, True, False),
        ("after", False, False, False, True),
        ("on_or_after", True, True, False, True),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight(
    operator: str, inside: bool, first: bool, before: bool, after: bool
) -> None:
    condition = asks("last_seen", operator, "2026-03-29")

    seen = [matches(condition, lead(last_seen=at)) for at in (END - TICK, START, START - TICK, END)]

    assert seen == [inside, first, before, after]


@pytest.mark.parametrize(
    ("operator", "before", "at", "after"),
    [
        ("is", False, True, False),
        ("before", True, False, False),
        ("on_or_before", True, True, False),
        ("after", False, False, True),
        ("on_or_after", False, True, True),
    ],
)
def test_an_instant_is_an_instant(operator: str, before: bool, at: bool, after: bool) -> None:
    condition = asks("last_seen", operator, "2026-03-28T23:00:00Z")

    assert [matches(condition, lead(last_seen=START + step)) for step in (-TICK, TICK * 0, TICK)] == [before, at, after]


@pytest.mark.parametrize(
    ("operator", "value", "matching"),
    [
        ("is", "2000-01-31", True),
        ("is", ["2000-01-30", "2000-01-31"], True),
        ("is_not", "2000-01-31", False),
        ("before", "2000-01-31", False),
        ("on_or_before", "2000-01-31", True),
        ("after", "2000-01-30", True),
        ("on_or_after", "2000-02-01", False),
        ("between", ["2000-01-31", "2000-01-31"], True),
        ("not_between", ["2000-02-01", "2000-03-01"], True),
        ("before", "{{ event.occurred_at }}", True),
    ],
)
def test_dates_are_compared_as_days(operator: str, value: Any, matching: bool) -> None:
    assert matches(asks("birthday", operator, value), lead(birthday=date(2000, 1, 31))) is matching


def test_between_takes_in_both_days() -> None:
    condition = asks("last_seen", "between", ["2026-03-28", "2026-03-29"])

    assert matches(condition, lead(last_seen=END - TICK))
    assert not matches(condition, lead(last_seen=END))


@pytest.mark.parametrize(
    ("ago", "matching"),
    [
        (timedelta(0), True),
        (timedelta(hours=72), True),
        (timedelta(hours=72) + TICK, False),
        (-TICK, False),
    ],
)
def test_in_past_is_rolling_and_anchored_at_the_evaluation(ago: timedelta, matching: bool) -> None:
    condition = asks("last_seen", "in_past", {"amount": 3, "unit": "days"})

    assert matches(condition, lead(last_seen=NOW - ago)) is matching


@pytest.mark.parametrize(
    ("at", "matching"),
    [
        (datetime(2026, 3, 11, 23, 0, tzinfo=UTC), True),  # midnight of the 12th in Berlin
        (datetime(2026, 3, 11, 22, 59, tzinfo=UTC), False),
        (NOW, True),
        (NOW + TICK, False),
    ],
)
def test_in_past_counts_whole_days_where_the_calendar_is_chosen(at: datetime, matching: bool) -> None:
    condition = asks("last_seen", "in_past", {"amount": 3, "unit": "days"}, calendar=True)

    assert matches(condition, lead(last_seen=at)) is matching


def test_months_are_those_of_the_calendar() -> None:
    condition = asks("last_seen", "in_past", {"amount": 1, "unit": "months"})
    now = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)  # a month before it: the 28th of February, at 14:00 in Berlin

    assert matches(condition, lead(last_seen=datetime(2026, 2, 28, 13, 0, tzinfo=UTC)), now=now)
    assert not matches(condition, lead(last_seen=datetime(2026, 2, 28, 12, 59, tzinfo=UTC)), now=now)


def test_in_future_ends_with_the_period() -> None:
    condition = asks("birthday", "in_future", {"amount": 1, "unit": "weeks"})

    assert matches(condition, lead(birthday=date(2026, 3, 15)))
    assert matches(condition, lead(birthday=date(2026, 3, 22)))
    assert not matches(condition, lead(birthday=date(2026, 3, 23)))
    assert not matches(condition, lead(birthday=date(2026, 3, 14)))


@settings(max_examples=40)
@given(
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"]),
)
def test_before_is_on_and_after_never_overlap(at: datetime, day: date, zone: str) -> None:
    answers = [
        matches(asks("last_seen", operator, day.isoformat(), zone=zone), lead(last_seen=at))
        for operator in ("before", "is", "after")
    ]

    assert answers.count(True) <= 1
    if date(2, 1, 1) < day < date(9999, 1, 1):
        assert answers.count(True) == 1


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (asks("birthday", "is", "31.1.2000"), "filter.value: expected a date like 2026-01-31"),
        (asks("birthday", "is", "2000-01-31T00:00:00Z"), "filter.value: expected a date like 2026-01-31"),
        (asks("last_seen", "is", "2000-01-31T00:00:00"), "filter.value: needs an offset"),
        (asks("last_seen", "in_past", 3), "filter.value: expected a period like"),
        (asks("last_seen", "in_past", {"amount": 0, "unit": "days"}), "filter.value.amount: must be at least 1"),
        (asks("birthday", "in_past", {"amount": 3, "unit": "hours"}), "filter.value.unit: whole days are counted here"),
        (
            asks("last_seen", "in_past", {"amount": 3, "unit": "hours"}, calendar=True),
            "filter.value.unit: whole days are counted here",
        ),
        (
            asks("birthday", "is", "2000-01-31", zone="Mars"),
            "filter.zone: expected tenant, lead or the name of a time zone",
        ),
        (asks("birthday", "between", ["2000-01-31", "2000-01-30"]), "filter.value: has its higher value first"),
    ],
)
def test_a_filter_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)
