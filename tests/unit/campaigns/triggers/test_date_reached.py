"""The trigger that a date of the lead sets off: when it is due, and for whom it still is when it is told."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.clockwork import say_date
from campaigns.language.lead import LeadState
from campaigns.language.races import Entrant, find_races
from campaigns.language.rehearsal import Rehearsal
from campaigns.language.schema import FieldSpec
from campaigns.language.timing import DateTiming, Due
from tests.unit.campaigns.acme import ACME, FIELDS, campaign, event, faults, lead, on, rulebook, run, schema, step

COUNT = step("change_score", "count", amount=1)
BIRTHDAY = {"type": "date_reached", "field": "birthday", "yearly": True, "at": "09:00"}
ZONED = schema(fields=(*FIELDS, FieldSpec("timezone", "Time zone", "string")))


def timing(**keys: Any) -> DateTiming:
    book = rulebook(campaign(COUNT, on={"type": "date_reached", "field": "birthday", **keys}), tenant=ZONED)
    (timer,) = book.timers
    assert isinstance(timer.timing, DateTiming)
    return timer.timing


def due(one: DateTiming, year: int, who: LeadState) -> list[str]:
    """What comes within a year, as the clocks in Berlin and UTC show it."""
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    return [found.at.isoformat() for found in one.coming(who, ZONED, begin, end)]


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [
        ({}, date(2026, 7, 1), ["2026-06-30T22:00:00+00:00"]),
        ({"at": "09:00"}, date(2026, 7, 1), ["2026-07-01T07:00:00+00:00"]),
        ({"at": "09:00", "zone": "America/New_York"}, date(2026, 7, 1), ["2026-07-01T13:00:00+00:00"]),
        ({"at": "09:00", "offset": {"amount": -3, "unit": "days"}}, date(2026, 7, 1), ["2026-06-28T07:00:00+00:00"]),
        ({"at": "09:00", "offset": {"amount": -1, "unit": "months"}}, date(2026, 3, 31), ["2026-02-28T08:00:00+00:00"]),
        ({"at": "09:00", "offset": {"amount": 5, "unit": "hours"}}, date(2026, 7, 1), ["2026-07-01T12:00:00+00:00"]),
        ({}, date(2025, 7, 1), []),
        ({}, None, []),
        # Clocks are put forward over half past two, and show it twice.
        ({"at": "02:30"}, date(2026, 3, 29), ["2026-03-29T01:00:00+00:00"]),
        ({"at": "02:30"}, date(2026, 10, 25), ["2026-10-25T00:30:00+00:00"]),
        ({"yearly": True, "at": "09:00"}, date(2000, 12, 31), ["2026-12-31T08:00:00+00:00"]),
        ({"yearly": True, "offset": {"amount": 3, "unit": "days"}}, date(2000, 12, 31), ["2026-01-02T23:00:00+00:00"]),
        ({"yearly": True}, date(2027, 5, 1), []),
        ({"yearly": True}, date(2026, 5, 1), ["2026-04-30T22:00:00+00:00"]),
        ({"yearly": True}, date(2000, 2, 29), ["2026-02-27T23:00:00+00:00"]),
        ({"yearly": True, "leap_day": "march_1"}, date(2000, 2, 29), ["2026-02-28T23:00:00+00:00"]),
    ],
)  # fmt: skip
def test_a_date_is_due_on_its_day_on_the_clocks_that_are_asked_for(
    keys: dict[str, Any], value: date | None, expected: list[str]
) -> None:
    who = lead(**({} if value is None else {"birthday": value}))
    assert due(timing(**keys), 2026, who) == expected


def test_a_leap_day_is_itself_in_a_leap_year() -> None:
    who = lead(birthday=date(2000, 2, 29))
    assert due(timing(yearly=True, leap_day="march_1"), 2028, who) == ["2028-02-28T23:00:00+00:00"]


def test_an_instant_has_its_own_time_unless_another_is_given() -> None:
    who = lead(last_seen=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))  # on the 2nd in Berlin
    assert due(timing(field="last_seen"), 2026, who) == ["2026-07-01T22:30:00+00:00"]
    assert due(timing(field="last_seen", at="09:00"), 2026, who) == ["2026-07-02T07:00:00+00:00"]


def test_the_clocks_are_the_leads_own_or_else_the_tenants() -> None:
    one = timing(at="09:00", zone="lead")
    tokyo, nowhere = lead(birthday=date(2026, 7, 1), timezone="Asia/Tokyo"), lead(birthday=date(2026, 7, 1))
    assert due(one, 2026, tokyo) == ["2026-07-01T00:00:00+00:00"]
    assert due(one, 2026, nowhere) == ["2026-07-01T07:00:00+00:00"]
    assert one.reads == {"birthday", "timezone"}


@given(
    born=st.dates(date(1900, 1, 1), date(2030, 12, 31)),
    begin=st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),
    days=st.integers(-366, 366),
    at=st.integers(0, 1439),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"]),
)
def test_days_in_a_row_leave_out_no_anniversary_and_have_none_twice(
    born: date, begin: datetime, days: int, at: int, zone: str
) -> None:
    """What planning does: each day looks at its own hours only."""
    one = timing(yearly=True, at=f"{at // 60:02}:{at % 60:02}", zone=zone, offset={"amount": days, "unit": "days"})
    who = lead(birthday=born)
    ends = [begin + timedelta(days=place) for place in range(0, 801, 40)]
    whole = one.coming(who, ACME, begin, ends[-1])
    parts = [found for first, last in itertools.pairwise(ends) for found in one.coming(who, ACME, first, last)]
    assert parts == whole
    assert len({found.occasion for found in whole}) == len(whole)
    assert len(whole) >= 2 or begin.year < born.year + 2
    assert all(one.at_of(found.occasion, who, ACME) == found.at for found in whole)


def told(found: Due, trigger: str = "0", key: str = "c1") -> Any:
    data = {"campaign": key, "trigger": trigger, "occasion": found.occasion, **found.data}
    return event("date.reached", at=found.at, **data)


def next_of(book: Any, who: LeadState, now: datetime) -> Due:
    return book.timers[0].timing.coming(who, ACME, now, now + timedelta(days=800))[0]


def test_a_lead_whose_date_it_is_is_let_in() -> None:
    book, who = rulebook(campaign(COUNT, on=BIRTHDAY)), lead(birthday=date(2000, 5, 1))
    found = next_of(book, who, datetime(2026, 3, 1, tzinfo=UTC))
    run(book, who, told(found), now=found.at)
    assert who.values["score"] == 1
    assert found.data == {"field": "birthday", "date": "2026-05-01", "years": 26}


@pytest.mark.parametrize(
    ("birthday", "seconds", "trigger"),
    [(date(2000, 5, 2), 0, "0"), (None, 0, "0"), (date(2000, 5, 1), -1, "0"), (date(2000, 5, 1), 0, "1")],
)
def test_who_has_another_date_by_then_or_none_is_not(birthday: date | None, seconds: int, trigger: str) -> None:
    book, who = rulebook(campaign(COUNT, on=BIRTHDAY)), lead(birthday=date(2000, 5, 1))
    found = next_of(book, who, datetime(2026, 3, 1, tzinfo=UTC))
    who.values.pop("birthday")
    if birthday:
        who.values["birthday"] = birthday
    run(book, who, told(found, trigger), now=found.at + timedelta(seconds=seconds))
    assert "score" not in who.values


def test_what_another_campaign_is_told_is_not_heard() -> None:
    book, who = rulebook(campaign(COUNT, on=BIRTHDAY)), lead(birthday=date(2000, 5, 1))
    found = next_of(book, who, datetime(2026, 3, 1, tzinfo=UTC))
    run(book, who, told(found, key="other"), now=found.at)
    assert "score" not in who.values


def test_filters_and_constraints_hold_as_for_any_trigger() -> None:
    where = [{"attribute": "years", "operator": "at_least", "value": 30}]
    book = rulebook(campaign(COUNT, on={**BIRTHDAY, "where": where}))
    for year, score in ((1990, 1), (2000, None)):
        who = lead(birthday=date(year, 5, 1))
        found = next_of(book, who, datetime(2026, 3, 1, tzinfo=UTC))
        run(book, who, told(found), now=found.at)
        assert who.values.get("score") == score


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"field": "orders"}, "triggers[0].field: 'orders' is of type integer; expected a field of dates"),
        ({"field": "birthdy"}, "triggers[0].field: unknown field 'birthdy'; did you mean 'birthday'?"),
        ({"field": None}, "triggers[0].field: expected the name of a field"),
        ({"offset": 3}, "triggers[0].offset: expected a period like"),
        ({"offset": {"amount": -400, "unit": "days"}}, "triggers[0].offset: is longer than a year"),
        ({"yearly": 1}, "triggers[0].yearly: expected true or false, got 1"),
        ({"leap_day": "never"}, "triggers[0].leap_day: expected one of february_28, march_1"),
        ({"at": "9"}, "triggers[0].at: expected a time of day such as 09:30"),
        ({"zone": "Berlin"}, "triggers[0].zone: expected tenant, lead or a time zone"),
        ({"zone": "lead"}, "triggers[0].zone: leads have no field 'timezone' of text"),
        ({"in": 3}, "triggers[0].in: has no meaning here"),
    ],
)
def test_what_does_not_fit_is_a_fault(keys: dict[str, Any], fault: str) -> None:
    found = faults(campaign(COUNT, on={**BIRTHDAY, **keys}))
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize("trigger", [BIRTHDAY, {"type": "inactivity", "period": {"amount": 3, "unit": "days"}}])
def test_it_begins_campaigns_and_ends_none(trigger: dict[str, Any]) -> None:
    found = faults(campaign(COUNT, exits=[{"label": "out", "trigger": trigger}]))
    assert found == ["exits[0].trigger.type: only begins campaigns; within one, wait for a date or so long"]


def test_who_writes_the_date_is_in_the_way_of_who_reads_it() -> None:
    """Both begin with the purchase too."""
    reads = {**campaign(COUNT), "triggers": [on("purchase"), BIRTHDAY]}
    writes = campaign(step("change_field", field="birthday", value="2000-01-01"))
    entrants = [Entrant(1, "a", "A", 1, reads), Entrant(2, "b", "B", 2, writes)]
    (warning,) = find_races(entrants[0], entrants, ACME)
    assert "it writes what this campaign reads, field “birthday”" in str(warning)


NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "birthday", "said"),
    [
        ({"yearly": True}, None, "no date yet: birthday has no value"),
        ({"yearly": True, "at": "09:00"}, date(2000, 5, 1), "due at 2026-05-01T07:00:00+00:00"),
        ({"at": "09:00"}, date(2031, 5, 1), "due at 2031-05-01T07:00:00+00:00"),
        ({}, date(2000, 5, 1), "over: birthday is 2000-05-01"),
    ],
)
def test_it_is_said_when_it_is_due(keys: dict[str, Any], birthday: date | None, said: str) -> None:
    who = lead(**({"birthday": birthday} if birthday else {}))
    assert say_date(timing(**keys), who, ZONED, NOW) == said


def test_a_rehearsal_plays_dates_on_its_clock_and_those_that_change_anew() -> None:
    change = campaign(step("change_field", field="birthday", value="2000-07-01"))
    book = rulebook(birthdays=campaign(COUNT, on=BIRTHDAY), change=change)
    leads = {key: lead(birthday=date(2000, month, 1)) for key, month in (("a", 5), ("b", 5), ("c", 2))}
    for number, who in enumerate(leads.values()):
        who.id, who.key = number, "abc"[number]
    moved = event(at=datetime(2026, 4, 1, tzinfo=UTC))
    begin, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    rehearsal = Rehearsal(book, leads, "birthdays")
    report = rehearsal.play([msgspec.structs.replace(moved, lead="b")], end, begin)

    assert (report.runs, report.leads_entered) == (2, 2)
    assert {key: who.values.get("score") for key, who in leads.items()} == {"a": 1, "b": 1, "c": None}
