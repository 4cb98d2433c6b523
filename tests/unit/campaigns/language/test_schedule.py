"""When batches start by themselves: rules, clocks that are put forward and back, times that were missed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from campaigns.language.schedule import RUN_ALL_LIMIT, Schedule, TooRareError, read_schedule
from tests.unit.campaigns.acme import campaign, faults, step

VIENNA = ZoneInfo("Europe/Vienna")
BATCH = {"type": "batch", "audience": {"field": "colour", "operator": "is", "value": "red"}}
WEEKLY = "RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9"
HOUR = timedelta(hours=1)


def schedule(rule: str, starts: str = "2026-01-01T00:00", **more: Any) -> Schedule:
    found = read_schedule({"schedule": {"rule": rule, "starts": starts, **more}}, VIENNA)
    assert found is not None
    return found


def said(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%m-%d %H:%M") if moment else ""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def found(**more: Any) -> list[str]:
    given = {"rule": WEEKLY, "starts": "2026-01-01T00:00"} | more
    return [str(fault) for fault in faults(campaign(step("change_score", amount=1), on=BATCH) | {"schedule": given})]


def test_the_next_time_is_what_the_tenants_clocks_show() -> None:
    weekly = schedule(WEEKLY)
    assert said(weekly.next_after(utc("2026-03-20T12:00"))) == "03-23 08:00"
    assert said(weekly.next_after(utc("2026-03-23T08:00"))) == "03-30 07:00"
    assert said(schedule(WEEKLY, zone="Asia/Tokyo").next_after(utc("2026-03-20T12:00"))) == "03-23 00:00"


def test_a_time_that_clocks_never_show_is_the_moment_at_which_they_are_put_forward() -> None:
    nightly = schedule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30")
    assert [said(moment) for moment in islice(nightly.after(utc("2026-03-28T00:00")), 3)] == [
        "03-28 01:30", "03-29 01:00", "03-30 00:30",
    ]  # fmt: skip


def test_a_time_that_clocks_show_twice_is_meant_once() -> None:
    nightly = schedule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30")
    assert [said(moment) for moment in islice(nightly.after(utc("2026-10-24T00:00")), 3)] == [
        "10-24 00:30", "10-25 00:30", "10-26 01:30",
    ]  # fmt: skip


def test_an_hourly_rule_never_gives_a_moment_twice() -> None:
    hourly = schedule("FREQ=HOURLY")
    for start in ("2026-03-28T22:00", "2026-10-24T22:00"):
        moments = list(islice(hourly.after(utc(start)), 6))
        assert moments == sorted(set(moments))


@pytest.mark.parametrize(
    ("rule", "times"),
    [
        ("FREQ=HOURLY;BYMINUTE=30", ["03-28 23:30", "03-29 00:30", "03-29 01:30", "03-29 02:30"]),
        ("FREQ=HOURLY;BYMINUTE=0", ["03-29 00:00", "03-29 01:00", "03-29 02:00"]),
        ("FREQ=DAILY;BYHOUR=1,2;BYMINUTE=30", ["03-29 00:30", "03-29 23:30"]),
        ("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30", ["03-29 01:30", "03-30 00:30"]),
        ("FREQ=DAILY;BYHOUR=0,2,4;BYMINUTE=30", ["03-28 23:30", "03-29 01:00", "03-29 02:30"]),
    ],
)
def test_batches_are_an_hour_apart_when_clocks_are_put_forward(rule: str, times: list[str]) -> None:
    start = utc("2026-03-28T23:00")
    found = list(islice(schedule(rule).after(start), len(times)))
    assert [said(moment) for moment in found] == times
    # what comes next does not depend on where one begins to look
    assert found == [schedule(rule).next_after(moment) for moment in (start, *found[:-1])]


def test_a_day_that_clocks_leave_out_is_made_up_for_once() -> None:
    rule = schedule("FREQ=DAILY;BYHOUR=8,16", starts="2011-12-01T00:00", zone="Pacific/Apia")
    assert [said(moment) for moment in islice(rule.after(utc("2011-12-29T20:00")), 3)] == [
        "12-30 02:00", "12-30 10:00", "12-30 18:00",
    ]  # fmt: skip


def test_the_last_time_of_a_rule_may_be_one_that_clocks_never_show() -> None:
    rule = schedule("FREQ=DAILY;COUNT=1;BYHOUR=2;BYMINUTE=30", starts="2026-03-29T00:00")
    assert [said(moment) for moment in rule.after(utc("2026-03-28T00:00"))] == ["03-29 01:00"]


def test_a_rule_may_end() -> None:
    twice = schedule("FREQ=DAILY;COUNT=2")
    assert [said(moment) for moment in twice.after(utc("2025-12-01T00:00"))] == ["12-31 23:00", "01-01 23:00"]
    assert twice.next_after(utc("2026-01-02T00:00")) is None


@pytest.mark.parametrize(
    "rule",
    [
        WEEKLY,
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=2TU",
        "FREQ=YEARLY",
        "FREQ=DAILY;INTERVAL=3;BYMONTH=5,6",
        "FREQ=HOURLY;INTERVAL=5;BYHOUR=0,5,10",
    ],
)
def test_looking_is_bounded_without_changing_what_is_found(rule: str) -> None:
    plain = rrulestr(rule, dtstart=datetime(2026, 1, 1))
    bounded = schedule(rule)._bounded()
    assert list(islice(bounded, 20)) == list(islice(plain, 20))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300",
        "FREQ=DAILY;INTERVAL=7;BYDAY=FR",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_a_rule_that_never_comes_true_ends_soon(rule: str) -> None:
    began = time.process_time()
    with pytest.raises(TooRareError):
        schedule(rule).next_after(utc("2026-03-20T12:00"))
    assert time.process_time() - began < 10
    assert "cannot be used: no time is found" in found(rule=rule)[0]


@pytest.mark.parametrize(
    ("late", "missed", "times"),
    [
        (timedelta(0), "skip", ["03-23 08:00"]),
        (10 * timedelta(minutes=1), "skip", ["03-23 08:00"]),
        (HOUR, "skip", []),
        (HOUR, "run_once", ["03-23 08:00"]),
        (timedelta(days=15), "skip", []),
        (timedelta(days=14) - HOUR, "skip", ["04-06 07:00"]),
        (timedelta(days=15), "run_once", ["04-06 07:00"]),
        (timedelta(days=15), "run_all", ["03-23 08:00", "03-30 07:00", "04-06 07:00"]),
    ],
)
def test_what_was_missed_is_skipped_or_made_up_for(late: timedelta, missed: str, times: list[str]) -> None:
    planned = utc("2026-03-23T08:00")
    due, coming = schedule(WEEKLY, missed=missed).due(planned, planned + late)
    assert [said(moment) for moment in due] == times
    assert coming is not None and coming > planned + late


def test_no_more_than_a_day_of_hours_is_made_up_for() -> None:
    planned = utc("2026-03-01T00:00")
    due, _ = schedule("FREQ=HOURLY", missed="run_all").due(planned, planned + timedelta(days=30))
    assert (len(due), due[-1]) == (RUN_ALL_LIMIT, planned + timedelta(days=30))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"rule": None}, "schedule.rule: expected a rule such as"),
        ({"rule": "FREQ=MINUTELY"}, "schedule.rule: FREQ is one of HOURLY"),
        ({"rule": "FREQ=DAILY;BYSECOND=1"}, "schedule.rule: 'BYSECOND' has no meaning here"),
        ({"rule": "FREQ=DAILY;BYMINUTE=0,1"}, "schedule.rule: has several minutes"),
        ({"rule": "FREQ=DAILY;INTERVAL=0"}, "schedule.rule: INTERVAL is a whole number"),
        ({"rule": "FREQ=YEARLY;BYDAY=1MO"}, "schedule.rule: a yearly rule with a BYDAY such as 1MO needs BYMONTH"),
        ({"rule": "FREQ=DAILY;BYHOUR=25"}, "schedule.rule: "),
        ({"rule": "FREQ=DAILY;COUNT=x"}, "schedule.rule: cannot be used"),
        ({"rule": "FREQ=DAILY;UNTIL=20200101T000000"}, "schedule.rule: has no time at all"),
        ({"starts": "2026-01-01T00:00Z"}, "schedule.starts: expected a day and time"),
        ({"starts": 7}, "schedule.starts: expected a day and time"),
        ({"zone": "Mars"}, "schedule.zone: unknown time zone"),
        ({"missed": "later"}, "schedule.missed: expected one of skip, run_once, run_all"),
        ({"often": 1}, "schedule.often: has no meaning here"),
    ],
)
def test_each_fault_is_named(given: dict[str, Any], fault: str) -> None:
    assert [one for one in found(**given) if fault in one], found(**given)


def test_a_good_schedule_has_no_fault_and_needs_a_batch() -> None:
    assert found() == []
    plain = campaign(step("change_score", amount=1)) | {"schedule": {"rule": WEEKLY, "starts": "2026-01-01T00:00"}}
    assert [str(one) for one in faults(plain)] == ["schedule: there is no trigger batch: what is to be started?"]
    assert len(faults(plain | {"schedule": 1})) == 1
