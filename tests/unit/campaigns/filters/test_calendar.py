"""Operators of what calendar and clock show, and of time frames."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.language.clocks import BEGIN, END, local_time, offsets_of, zone_named
from campaigns.language.schema import FieldSpec
from tests.unit.campaigns.acme import FIELDS, NOW, lead, schema
from tests.unit.campaigns.filters.matching import asks, fault, matches

#: NOW is Sunday, 15 March 2026, 13:00 in Berlin.
TRAVELLERS = schema(fields=(*FIELDS, FieldSpec("timezone", "Time zone", "string")))


@pytest.mark.parametrize(
    ("frame", "first", "last"),
    [
        ("yesterday", "2026-03-14", "2026-03-14"),
        ("today", "2026-03-15", "2026-03-15"),
        ("tomorrow", "2026-03-16", "2026-03-16"),
        ("this_week", "2026-03-09", "2026-03-15"),
        ("last_week", "2026-03-02", "2026-03-08"),
        ("next_week", "2026-03-16", "2026-03-22"),
        ("this_month", "2026-03-01", "2026-03-31"),
        ("last_month", "2026-02-01", "2026-02-28"),
        ("this_quarter", "2026-01-01", "2026-03-31"),
        ("last_quarter", "2025-10-01", "2025-12-31"),
        ("next_quarter", "2026-04-01", "2026-06-30"),
        ("this_year", "2026-01-01", "2026-12-31"),
        ("last_year", "2025-01-01", "2025-12-31"),
    ],
)
def test_a_time_frame_holds_its_first_and_its_last_day(frame: str, first: str, last: str) -> None:
    day = timedelta(days=1)
    asked = asks("birthday", "in_time_frame", frame)

    assert matches(asked, lead(birthday=date.fromisoformat(first)))
    assert matches(asked, lead(birthday=date.fromisoformat(last)))
    assert not matches(asked, lead(birthday=date.fromisoformat(first) - day))
    assert not matches(asked, lead(birthday=date.fromisoformat(last) + day))


@pytest.mark.parametrize(
    ("week_start", "first", "last"), [(0, "2026-03-09", "2026-03-15"), (6, "2026-03-15", "2026-03-21")]
)
def test_weeks_begin_on_the_tenants_day(week_start: int, first: str, last: str) -> None:
    tenant, asked = schema(week_start=week_start), asks("birthday", "in_time_frame", "this_week")
    days = [date.fromisoformat(first) - timedelta(days=1), date.fromisoformat(first), date.fromisoformat(last)]

    assert [matches(asked, lead(birthday=day), tenant) for day in days] == [False, True, True]


def test_a_time_frame_of_instants_begins_at_the_zones_midnight() -> None:
    midnight = datetime(2026, 3, 14, 23, tzinfo=UTC)

    assert matches(asks("last_seen", "in_time_frame", "today"), lead(last_seen=midnight))
    assert not matches(asks("last_seen", "in_time_frame", "today", zone="UTC"), lead(last_seen=midnight))


@pytest.mark.parametrize(
    ("born", "now", "days", "found"),
    [
        (date(2000, 2, 29), date(2026, 2, 28), 0, True),
        (date(2000, 2, 29), date(2028, 2, 28), 0, False),
        (date(2000, 2, 29), date(2028, 2, 29), 0, True),
        (date(2000, 3, 1), date(2026, 2, 28), 1, True),
        (date(1990, 1, 1), date(2026, 12, 31), 1, True),
        (date(1990, 1, 2), date(2026, 12, 31), 1, False),
    ],
)
def test_anniversaries_come_round_and_29_february_on_the_28th(born: date, now: date, days: int, found: bool) -> None:
    noon = datetime(now.year, now.month, now.day, 12, tzinfo=UTC)

    assert matches(asks("birthday", "anniversary_in_next_days", days), lead(birthday=born), now=noon) is found


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("day_of_week_is", "monday", True),
        ("day_of_week_is", 7, False),
        ("day_of_month_is", [15, 16], True),
        ("month_is", 3, True),
        ("year_is", 2025, False),
        ("at_hour", 0, True),
        ("hour_between", [0, 5], True),
        ("hour_between", [1, 5], False),
        ("hour_between", [22, 0], True),
        ("hour_between", [22, 23], False),
        ("hour_between", [1, 0], True),
    ],
)
def test_the_clock_and_the_calendar_are_those_of_the_zone(operator: str, value: Any, found: bool) -> None:
    sunday_in_utc = datetime(2026, 3, 15, 23, 30, tzinfo=UTC)

    assert matches(asks("last_seen", operator, value), lead(last_seen=sunday_in_utc)) is found


def test_an_anniversary_of_29_february_is_on_1_march_where_that_is_said() -> None:
    born, asked = lead(birthday=date(2024, 2, 29)), asks("birthday", "anniversary_in_next_days", 0, leap_day="march_1")
    noons = [datetime(2026, 2, 28, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC)]

    assert [matches(asked, born, now=noon) for noon in noons] == [False, True]
    assert "leap_day: expected one of february_28, march_1" in fault({**asked, "leap_day": "never"})


def test_a_lead_can_have_its_own_zone() -> None:
    seen = datetime(2026, 3, 15, 1, tzinfo=UTC)
    asked = asks("last_seen", "in_time_frame", "today", zone="lead")

    assert matches(asked, lead(last_seen=seen), TRAVELLERS)
    assert not matches(asked, lead(last_seen=seen, timezone="America/New_York"), TRAVELLERS)
    assert matches(asked, lead(last_seen=seen, timezone="no zone"), TRAVELLERS)
    assert "unknown field 'timezone'" in fault(asked)


@pytest.mark.parametrize(
    ("field", "operator", "ago", "found"),
    [
        ("last_seen", "in_past_before", timedelta(days=4), True),
        ("last_seen", "in_past_before", timedelta(days=2), False),
        ("last_seen", "in_future_after", timedelta(days=-4), True),
        ("last_seen", "in_future_after", timedelta(days=-2), False),
    ],
)
def test_longer_ago_and_further_ahead_than_a_period(field: str, operator: str, ago: timedelta, found: bool) -> None:
    asked = asks(field, operator, {"amount": 3, "unit": "days"})

    assert matches(asked, lead(last_seen=NOW - ago)) is found


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (asks("birthday", "in_time_frame", "someday"), "filter.value: expected one of yesterday, today"),
        (asks("birthday", "month_is", 13), "filter.value: expected a whole number from 1 to 12; got 13"),
        (
            asks("birthday", "day_of_week_is", "caturday"),
            "filter.value: expected a whole number from 1 to 7, or one of",
        ),
        (asks("birthday", "year_is", "{{ event.cds }}"), "filter.value: expected a whole number"),
        (asks("birthday", "anniversary_in_next_days", 400), "filter.value: expected a whole number from 0 to 366"),
    ],
)
def test_a_filter_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)


@settings(deadline=None)
@given(
    st.datetimes(datetime(1890, 1, 1), datetime(2110, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "Australia/Lord_Howe"]),
)
def test_the_offsets_of_a_zone_say_what_its_clocks_show(instant: datetime, name: str) -> None:
    begins, offsets = offsets_of(ZoneInfo(name))
    place = sum(begin <= instant for begin in begins)

    assert (instant + timedelta(seconds=offsets[place])).replace(tzinfo=None) == local_time(instant, ZoneInfo(name))


def test_far_from_today_clocks_show_utc() -> None:
    zone = ZoneInfo("Europe/Berlin")

    assert local_time(END, zone).hour == 0
    assert local_time(BEGIN - timedelta(seconds=1), zone).hour == 23
    assert zone_named("Mars") is None
