"""Clocks on the wall: times put forward over, times shown twice, windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.walltime import EVERY_DAY, Window, instant_at, instant_of, next_time

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, *map(ZoneInfo, ("America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Pacific/Apia"))]
GAP = date(2026, 3, 29)  #: in Berlin no clock shows 02:00 to 03:00
OVERLAP = date(2026, 10, 25)  #: in Berlin clocks show 02:00 to 03:00 twice


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize("minutes", [120, 150, 179, 180])
def test_a_time_put_forward_over_is_the_moment_at_which_it_is(minutes: int) -> None:
    assert instant_at(GAP, minutes, BERLIN) == utc(2026, 3, 29, 1, 0)


def test_a_time_shown_twice_is_the_first() -> None:
    assert instant_at(OVERLAP, 150, BERLIN) == utc(2026, 10, 25, 0, 30)


def test_a_day_that_a_zone_left_out_is_the_next_midnight() -> None:
    assert instant_of(datetime(2011, 12, 30, 12), ZoneInfo("Pacific/Apia")) == utc(2011, 12, 30, 10, 0)


def test_the_ends_of_the_calendar_are_taken_as_they_are() -> None:
    assert instant_of(datetime.max, ZoneInfo("America/New_York")).tzinfo is UTC


@given(st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)), st.sampled_from(ZONES))
def test_clocks_show_the_time_at_its_instant_or_have_just_been_put_forward(shown: datetime, zone: ZoneInfo) -> None:
    instant = instant_of(shown, zone)
    read = instant.astimezone(zone).replace(tzinfo=None)
    if read != shown:
        before = (instant - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert before < shown < read


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.none() | st.integers(0, 1_439),
    st.sampled_from(ZONES),
)
def test_the_next_time_is_within_a_week_and_on_such_a_day(
    shown: datetime, days: frozenset[int], minutes: int | None, zone: ZoneInfo
) -> None:
    now = shown.replace(tzinfo=UTC)
    found = next_time(now, days, minutes, zone)
    assert now <= found <= now + timedelta(days=8, hours=2)
    assert found.astimezone(zone).weekday() in days


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.integers(0, 1_439),
    st.integers(1, 1_440),
    st.sampled_from(ZONES),
)
def test_a_window_is_open_from_the_moment_at_which_it_is_said_to_open(
    shown: datetime, opens: int, closes: int, zone: ZoneInfo
) -> None:
    now = shown.replace(tzinfo=UTC)
    window = Window(EVERY_DAY, opens, closes)
    found = window.next_open(now, zone)
    if opens != closes and found is not None:
        assert now <= found <= now + timedelta(days=3)
        assert window.next_open(found, zone) == found


def test_hours_over_midnight_belong_to_the_day_they_begin_on() -> None:
    fridays = Window(frozenset({4}), 22 * 60, 6 * 60)
    assert fridays.next_open(utc(2026, 3, 21, 3, 0), BERLIN) == utc(2026, 3, 21, 3, 0)  # Saturday, 04:00
    assert fridays.next_open(utc(2026, 3, 21, 6, 0), BERLIN) == utc(2026, 3, 27, 21, 0)


def test_a_window_that_clocks_are_put_forward_over_does_not_open_that_day() -> None:
    assert Window(EVERY_DAY, 130, 170).next_open(utc(2026, 3, 29, 0, 0), BERLIN) == utc(2026, 3, 30, 0, 10)


def test_a_window_whose_opening_is_put_forward_over_opens_when_clocks_are() -> None:
    assert Window(EVERY_DAY, 150, 240).next_open(utc(2026, 3, 29, 0, 0), BERLIN) == utc(2026, 3, 29, 1, 0)


def test_a_window_that_clocks_show_twice_is_open_once() -> None:
    window = Window(EVERY_DAY, 130, 140)
    assert window.next_open(utc(2026, 10, 25, 0, 15), BERLIN) == utc(2026, 10, 25, 0, 15)
    assert window.next_open(utc(2026, 10, 25, 1, 15), BERLIN) == utc(2026, 10, 26, 1, 10)
