"""Waits for a time: how long, until which day, time and date, on whose clocks, and what if there is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.schema import FieldSpec
from tests.unit.campaigns.acme import (
    FIELDS,
    NOW,
    campaign,
    defined,
    event,
    faults,
    lead,
    on,
    outcomes,
    pass_time,
    rulebook,
    run,
    schema,
    step,
)

ABROAD = schema(fields=(*FIELDS, FieldSpec("timezone", "Time zone", "string")))
NEXT = step("add_note", "next", text="next")
LAST = step("add_note", "last", text="last")
MINUTES = {"amount": 5, "unit": "minutes"}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def book_of(action: str, **params: Any) -> Rulebook:
    return rulebook(campaign(step(action, "wait", **params), NEXT, LAST), tenant=ABROAD)


def wakes_at(who: LeadState) -> datetime | None:
    (parked,) = who.runs.values()
    return parked.wake_at


def planned(action: str, now: datetime = NOW, who: LeadState | None = None, **params: Any) -> datetime | None:
    """When a run that reaches the wait now will go on; it does so then, and not before."""
    book, who = book_of(action, **params), who or lead()
    run(book, who, event(), now=now)
    if not who.runs:
        return now
    found = wakes_at(who)
    assert found is not None
    assert pass_time(book, who, found - timedelta(microseconds=1)) == []
    assert [row.step for row in pass_time(book, who, found)] == ["wait", "next", "last"]
    assert who.runs == {}
    return found


def went(action: str, who: LeadState | None = None, **params: Any) -> list[tuple[str | None, str, str]]:
    """What a run does that has nothing to wait for."""
    who = who or lead()
    rows = run(book_of(action, **params), who, event())
    assert who.runs == {}
    return outcomes(rows)


ON = [("wait", "wait_ended", "done"), ("next", "note_added", "done"), ("last", "note_added", "done")]
WITHOUT_NEXT = [("wait", "wait_ended", "skipped"), ("last", "note_added", "done")]
OUT = [("wait", "wait_ended", "done")]
POLICIES = [("continue", ON), ("skip", WITHOUT_NEXT), ("exit", OUT)]


# wait_duration: NOW is Sunday, 13:00 in Berlin


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, utc(2026, 3, 15, 12, 5)),
        ({"end_time": "13:05"}, utc(2026, 3, 15, 12, 5)),
        ({"end_time": "13:04"}, utc(2026, 3, 16, 12, 4)),
        ({"end_time": "09:00", "zone": "America/New_York"}, utc(2026, 3, 15, 13, 0)),
        ({"end_days": ["sunday"]}, utc(2026, 3, 15, 12, 5)),
        ({"end_days": ["monday", "friday"]}, utc(2026, 3, 15, 23, 0)),
        ({"end_days": ["sunday"], "end_time": "09:00"}, utc(2026, 3, 22, 8, 0)),
        ({"wait": {"amount": 14, "unit": "days"}, "end_time": "02:30"}, utc(2026, 3, 30, 0, 30)),
        ({"wait": {"amount": 13, "unit": "days"}, "end_time": "02:30"}, utc(2026, 3, 29, 1, 0)),
        ({"wait": {"amount": 1, "unit": "months"}}, utc(2026, 4, 15, 11, 0)),
        ({"wait": {"amount": 1, "unit": "months"}, "zone": "UTC"}, utc(2026, 4, 15, 12, 0)),
    ],
)  # fmt: skip
def test_a_wait_of_so_long_ends_then_or_at_the_day_and_time_after(more: dict[str, Any], expected: datetime) -> None:
    assert planned("wait_duration", **({"wait": MINUTES} | more)) == expected


def test_a_time_that_clocks_leap_over_is_the_moment_at_which_they_do() -> None:
    months = {"amount": 2, "unit": "months"}
    assert planned("wait_duration", utc(2026, 1, 29, 1, 30), wait=months) == utc(2026, 3, 29, 1)  # 02:30 in Berlin


def test_a_time_that_clocks_show_twice_ends_a_wait_the_first_time() -> None:
    autumn = utc(2026, 10, 24, 20, 0)
    assert planned("wait_duration", autumn, wait=MINUTES, end_time="02:30") == utc(2026, 10, 25, 0, 30)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Tokyo", utc(2026, 3, 16, 0, 0)),
        ("Nowhere/At_All", utc(2026, 3, 16, 8, 0)),
        (None, utc(2026, 3, 16, 8, 0)),
    ],
)
def test_clocks_may_be_the_leads_own_and_are_the_tenants_where_it_has_none(
    zone: str | None, expected: datetime
) -> None:
    who = lead(timezone=zone) if zone else lead()
    assert planned("wait_duration", who=who, wait=MINUTES, end_time="09:00", zone="lead") == expected


def test_a_wait_of_no_time_is_over_at_once() -> None:
    assert planned("wait_duration", wait={"amount": 0, "unit": "days"}) == NOW


# wait_until_date


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        ("2026-03-20T09:00", "tenant", utc(2026, 3, 20, 8, 0)),
        ("2026-03-20T09:00", "Asia/Tokyo", utc(2026, 3, 20, 0, 0)),
        ("2026-03-20T09:00:00Z", "Asia/Tokyo", utc(2026, 3, 20, 9, 0)),
        ("2026-03-29T02:30", "tenant", utc(2026, 3, 29, 1, 0)),
        ("2026-10-25T02:30", "tenant", utc(2026, 10, 25, 0, 30)),
        ("2026-03-15T13:00", "tenant", NOW),
    ],
)
def test_a_wait_ends_on_its_date(moment: str, zone: str, expected: datetime) -> None:
    assert planned("wait_until_date", datetime=moment, zone=zone, if_past="exit") == expected


@pytest.mark.parametrize(("policy", "expected"), POLICIES)
def test_a_date_that_is_past_has_its_policy(policy: str, expected: list[Any]) -> None:
    assert went("wait_until_date", datetime="2026-03-15T12:59", if_past=policy) == expected


def test_a_run_woken_late_goes_on_whatever_is_said_of_dates_that_are_past() -> None:
    book, who = book_of("wait_until_date", datetime="2026-03-20T09:00", if_past="exit"), lead()
    run(book, who, event())
    assert [row.step for row in pass_time(book, who, utc(2026, 4, 1))] == ["wait", "next", "last"]


# wait_until_token_date


def until_birthday(**more: Any) -> dict[str, Any]:
    usual = {"token": "{{ lead.birthday }}", "if_missing": "exit", "if_past": "exit"}
    return usual | more


@pytest.mark.parametrize(
    ("birthday", "more", "expected"),
    [
        (date(2026, 3, 20), {}, utc(2026, 3, 19, 23, 0)),
        (date(2026, 3, 20), {"at": "09:00"}, utc(2026, 3, 20, 8, 0)),
        (date(2026, 3, 20), {"at": "09:00", "zone": "Asia/Tokyo"}, utc(2026, 3, 20, 0, 0)),
        (date(2026, 3, 20), {"offset": {"amount": -3, "unit": "days"}, "at": "09:00"}, utc(2026, 3, 17, 8, 0)),
        (date(2026, 3, 28), {"offset": {"amount": 1, "unit": "days"}, "at": "09:00"}, utc(2026, 3, 29, 7, 0)),
        (date(2026, 3, 20), {"offset": {"amount": -90, "unit": "minutes"}}, utc(2026, 3, 19, 21, 30)),
        (date(1980, 3, 20), {"anniversary": True}, utc(2026, 3, 19, 23, 0)),
        (date(1980, 3, 14), {"anniversary": True}, utc(2027, 3, 13, 23, 0)),
        (date(1980, 3, 16), {"anniversary": True, "offset": {"amount": -3, "unit": "days"}}, utc(2027, 3, 12, 23, 0)),
        (date(1980, 3, 14), {"anniversary": True, "offset": {"amount": 3, "unit": "days"}}, utc(2026, 3, 16, 23, 0)),
        (date(2028, 3, 14), {"anniversary": True}, utc(2028, 3, 13, 23, 0)),
        (date(1980, 2, 29), {"anniversary": True}, utc(2027, 2, 27, 23, 0)),
        (date(1980, 2, 29), {"anniversary": True, "leap_day": "march_1"}, utc(2027, 2, 28, 23, 0)),
    ],
)  # fmt: skip
def test_a_wait_ends_on_the_date_of_the_lead(birthday: date, more: dict[str, Any], expected: datetime) -> None:
    assert planned("wait_until_token_date", who=lead(birthday=birthday), **until_birthday(**more)) == expected


def test_the_29_february_is_itself_where_the_year_has_one() -> None:
    born = lead(birthday=date(1980, 2, 29))
    spring = utc(2027, 12, 1)
    found = planned("wait_until_token_date", spring, born, **until_birthday(anniversary=True, zone="UTC"))
    assert found == utc(2028, 2, 29)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, utc(2026, 3, 28, 1, 30)),
        ({"at": "02:30"}, utc(2026, 3, 28, 1, 30)),
        ({"offset": {"amount": 1, "unit": "days"}}, utc(2026, 3, 29, 1, 0)),
        ({"offset": {"amount": 24, "unit": "hours"}}, utc(2026, 3, 29, 1, 30)),
    ],
)
def test_a_time_keeps_its_time_of_day_when_it_is_moved_by_days(more: dict[str, Any], expected: datetime) -> None:
    who = lead(last_seen=utc(2026, 3, 28, 1, 30))
    assert planned("wait_until_token_date", who=who, **until_birthday(token="{{ lead.last_seen }}", **more)) == expected


@pytest.mark.parametrize(("policy", "expected"), POLICIES)
def test_without_a_date_the_policy_for_that_holds(policy: str, expected: list[Any]) -> None:
    assert went("wait_until_token_date", **until_birthday(if_missing=policy)) == expected


@pytest.mark.parametrize(("policy", "expected"), POLICIES)
def test_a_date_of_the_lead_that_is_past_has_its_policy(policy: str, expected: list[Any]) -> None:
    who = lead(birthday=date(2026, 3, 15))
    assert went("wait_until_token_date", who, **until_birthday(if_past=policy)) == expected


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_date_beyond_the_calendar_is_none(day: date) -> None:
    back = {"amount": -1 if day == date.min else 1, "unit": "years"}
    assert went("wait_until_token_date", lead(birthday=day), **until_birthday(offset=back)) == OUT


@pytest.mark.parametrize(("sent", "expected"), [("2026-03-20", utc(2026, 3, 19, 23)), ("2026-03-20T10:00Z", utc(2026, 3, 20, 10)), ("soon", None), (None, None)])  # fmt: skip  # noqa: E501
def test_an_undeclared_attribute_is_a_date_where_it_reads_like_one(sent: str | None, expected: datetime | None) -> None:
    document = campaign(step("wait_until_token_date", "wait", **until_birthday(token="{{ event.when }}")), on=on("page_view"))  # fmt: skip  # noqa: E501
    who = lead()
    run(rulebook(document), who, event("page_view", when=sent))
    assert [parked.wake_at for parked in who.runs.values()] == ([expected] if expected else [])


def changing(**more: Any) -> Rulebook:
    wait = step("wait_until_token_date", "wait", **until_birthday(**({"recheck_on_change": True} | more)))
    change = campaign(step("change_field", field="nickname", value="Jo"), on=on("signup"))
    return rulebook(campaign(wait, NEXT, LAST), change, tenant=ABROAD)


def set_birthday(book: Rulebook, who: LeadState, day: date | None) -> list[tuple[str | None, str, str]]:
    """The birthday changes, and so does something else."""
    who.values.pop("birthday", None)
    who.values |= {"birthday": day} if day else {}
    who.values.pop("nickname", None)
    rows = run(book, who, event("signup", id=f"e-{day}", email="a@acme.test"))
    return [row for row in outcomes(rows) if row[0] != "one"]


def test_a_date_that_changes_has_the_wait_planned_anew() -> None:
    book, who = changing(), lead(birthday=date(2026, 3, 20))
    run(book, who, event())
    assert set_birthday(book, who, date(2026, 3, 20)) == []
    assert set_birthday(book, who, date(2026, 3, 25)) == [("wait", "wait_entered", "deferred")]
    assert wakes_at(who) == utc(2026, 3, 24, 23, 0)
    assert pass_time(book, who, utc(2026, 3, 24, 23, 0)) != []
    assert who.runs == {}


@pytest.mark.parametrize("day", [None, date(2026, 3, 1)])
def test_a_date_that_goes_or_is_past_after_a_change_has_its_policy(day: date | None) -> None:
    book, who = changing(), lead(birthday=date(2026, 3, 20))
    run(book, who, event())
    assert set_birthday(book, who, day) == OUT


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 20), "went on"),
        (date(2026, 3, 25), utc(2026, 3, 24, 23, 0)),
        (date(2026, 3, 1), OUT),
        (None, OUT),
    ],
)
def test_a_change_that_nobody_looked_at_is_seen_when_the_time_has_come(day: date | None, expected: Any) -> None:
    book, who = changing(), lead(birthday=date(2026, 3, 20))
    run(book, who, event())
    who.values = {"birthday": day} if day else {}
    rows = outcomes(pass_time(book, who, utc(2026, 3, 20, 8, 0)))  # it was told late
    if expected == "went on":
        assert rows[0] == ("wait", "wait_ended", "done")
    else:
        assert expected in (rows, wakes_at(who) if who.runs else None)


def test_an_anniversary_that_is_looked_at_late_is_not_put_off_for_a_year() -> None:
    book, who = changing(anniversary=True), lead(birthday=date(1980, 3, 20))
    run(book, who, event())
    assert outcomes(pass_time(book, who, utc(2026, 3, 20, 8, 0)))[0] == ("wait", "wait_ended", "done")


def test_an_instant_that_clocks_show_twice_is_the_one_that_it_is() -> None:
    for hour in (0, 1):  # 02:30 in Berlin, before and after clocks are put back
        given = f"2026-10-25T0{hour}:30:00Z"
        document = campaign(step("wait_until_token_date", "wait", **until_birthday(token="{{ event.when }}")), on=on("page_view"))  # fmt: skip  # noqa: E501
        who = lead()
        run(rulebook(document), who, event("page_view", when=given))
        assert wakes_at(who) == utc(2026, 10, 25, hour, 30)


def test_a_date_that_changes_is_no_matter_unless_asked_for() -> None:
    book, who = changing(recheck_on_change=False), lead(birthday=date(2026, 3, 20))
    run(book, who, event())
    assert set_birthday(book, who, date(2026, 3, 25)) == []
    assert wakes_at(who) == utc(2026, 3, 19, 23, 0)


# wait_for_window: Sunday, 13:00


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"from": "09:00", "to": "17:00"}, NOW),
        ({"from": "13:00", "to": "17:00"}, NOW),
        ({"from": "09:00", "to": "13:00"}, utc(2026, 3, 16, 8, 0)),
        ({"from": "09:00", "to": "17:00", "days": ["monday"]}, utc(2026, 3, 16, 8, 0)),
        ({"from": "09:00", "to": "17:00", "days": ["monday"], "calendar": "holidays"}, utc(2026, 3, 23, 8, 0)),
        ({"from": "20:00", "to": "14:00"}, NOW),
        ({"from": "00:00", "to": "24:00", "days": ["sunday"]}, NOW),
        ({"from": "09:00", "to": "17:00", "zone": "Asia/Tokyo"}, utc(2026, 3, 16, 0, 0)),
        ({"from": "02:15", "to": "02:45", "days": ["sunday"]}, utc(2026, 3, 22, 1, 15)),
    ],
)
def test_a_wait_ends_when_the_window_opens(params: dict[str, Any], expected: datetime) -> None:
    assert planned("wait_for_window", **params) == expected


def test_a_run_that_is_late_for_its_window_waits_for_the_next() -> None:
    book, who = book_of("wait_for_window", **{"from": "14:00", "to": "15:00"}), lead()
    run(book, who, event())
    assert wakes_at(who) == utc(2026, 3, 15, 13, 0)
    assert outcomes(pass_time(book, who, utc(2026, 3, 15, 14, 0))) == [("wait", "wait_entered", "deferred")]
    assert wakes_at(who) == utc(2026, 3, 16, 13, 0)


@pytest.mark.parametrize(("policy", "expected"), POLICIES)
def test_a_window_that_never_opens_has_its_policy(policy: str, expected: list[Any]) -> None:
    every_monday = [str(date(2026, 3, 9) + timedelta(weeks=week)) for week in range(60)]
    always = dict(ABROAD.definitions) | {"calendar": {"closed": defined("calendar", "closed", holidays=every_monday)}}
    wait = {"from": "09:00", "to": "10:00", "days": ["monday"], "calendar": "closed", "if_never": policy}
    tenant = schema(definitions=always)
    who = lead()
    rows = run(rulebook(campaign(step("wait_for_window", "wait", **wait), NEXT, LAST), tenant=tenant), who, event())
    assert outcomes(rows) == expected


# faults

YEARS = {"amount": 2, "unit": "years"}


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("wait_duration", {"wait": "2 days"}, "wait: expected a period like"),
        ("wait_duration", {"wait": None}, "wait: expected a period like"),
        ("wait_duration", {"wait": YEARS}, "wait: is longer than a year"),
        ("wait_duration", {"wait": {"amount": 10**18, "unit": "hours"}}, "wait.amount: is more than a thousand"),
        ("wait_duration", {"wait": {"amount": -1, "unit": "days"}}, "wait: must be at least 0"),
        ("wait_duration", {"wait": MINUTES, "end_days": ["Monday"]}, "end_days: expected a list of days"),
        ("wait_duration", {"wait": MINUTES, "end_days": []}, "end_days: expected a list of days"),
        ("wait_duration", {"wait": MINUTES, "end_time": "9:00"}, "end_time: expected a time of day such as 09:30"),
        ("wait_duration", {"wait": MINUTES, "end_time": "24:00"}, "end_time: expected a time of day"),
        ("wait_duration", {"wait": MINUTES, "zone": "Berlin"}, "zone: expected tenant, lead or a time zone"),
        ("wait_duration", {"wait": MINUTES, "zone": "lead"}, "zone: leads have no field 'timezone' of text"),
        ("wait_until_date", {"datetime": "2026-03-20T09:00"}, "if_past: is missing"),
        ("wait_until_date", {"datetime": "tomorrow", "if_past": "exit"}, "datetime: expected a date and time such as"),
        ("wait_until_date", {"datetime": "2026-13-01T00:00", "if_past": "exit"}, "datetime: expected a date and time"),
        ("wait_until_date", {"datetime": "{{ now }}", "if_past": "exit"}, "datetime: takes no token"),
        ("wait_until_date", {"datetime": "2026-03-20T09:00", "if_past": "go"}, "if_past: expected one of continue"),
        ("wait_until_token_date", {"token": "{{ lead.birthday }}", "if_past": "exit"}, "if_missing: is missing"),
        ("wait_until_token_date", {"token": "{{ lead.birthday }}", "if_missing": "exit"}, "if_past: is missing"),
        ("wait_until_token_date", until_birthday(token="2026-03-20"), "token: expected a token such as"),
        ("wait_until_token_date", until_birthday(token="{{ lead.orders }}"), "token: {{ lead.orders }} is of type"),
        ("wait_until_token_date", until_birthday(token="{{ lead.born }}"), "token: unknown field 'born'"),
        ("wait_until_token_date", until_birthday(offset=YEARS), "offset: is longer than a year"),
        ("wait_until_token_date", until_birthday(at="noon"), "at: expected a time of day"),
        ("wait_until_token_date", until_birthday(leap_day="never"), "leap_day: expected one of"),
        ("wait_until_token_date", until_birthday(recheck_on_change="often"), "recheck_on_change: expected true or"),
        ("wait_for_window", {"from": "09:00", "to": "09:00"}, "to: is the same as from: the window has no length"),
        ("wait_for_window", {"from": "24:00", "to": "09:00"}, "from: expected a time of day"),
        ("wait_for_window", {"from": "09:00", "to": "25:00"}, "to: expected a time of day"),
        ("wait_for_window", {"from": "09:00"}, "to: is missing"),
        ("wait_for_window", {"from": "09:00", "to": "10:00", "calendar": "none"}, "calendar: unknown calendar 'none'"),
        ("random_delay", {"min": MINUTES, "max": {"amount": 4, "unit": "minutes"}}, "max: is shorter than min"),
        ("random_delay", {"min": MINUTES, "max": YEARS}, "max: is longer than a year"),
        ("random_delay", {"min": MINUTES, "max": MINUTES, "distribution": "odd"}, "distribution: expected one of"),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_is(action: str, params: dict[str, Any], fault: str) -> None:
    assert faults(campaign(step(action, **params)))[0].startswith(f"steps[0].params.{fault}")
