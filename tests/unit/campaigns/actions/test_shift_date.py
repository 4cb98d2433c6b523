from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.periods import shift_business_days
from tests.unit.campaigns.acme import act, campaign, event, faults, lead, step

SATURDAY = date(2026, 3, 28)
NIGHT = datetime(2026, 3, 27, 23, 30, tzinfo=UTC)  #: half past midnight on that Saturday in Berlin


@pytest.mark.parametrize(
    ("old", "amount", "unit", "new"),
    [
        (SATURDAY, 3, "days", date(2026, 3, 31)),
        (SATURDAY, -1, "weeks", date(2026, 3, 21)),
        (date(2024, 2, 29), 1, "years", date(2025, 2, 28)),
        (date(2026, 1, 31), 1, "months", date(2026, 2, 28)),
        (SATURDAY, 1, "business_days", date(2026, 3, 30)),
        (SATURDAY, -1, "business_days", date(2026, 3, 27)),
        (date(2026, 3, 27), 6, "business_days", date(2026, 4, 6)),
        (SATURDAY, "{{ event.cds }}", "days", date(2026, 3, 30)),
    ],
)
def test_a_date_moves_by_the_amount(old: date, amount: Any, unit: str, new: date) -> None:
    who = lead(birthday=old)

    data = act(who, "shift_date", field="birthday", amount=amount, unit=unit, on=event(cds=2))

    assert who.values["birthday"] == new
    assert data == {"field": "birthday", "old": str(old), "new": str(new), "outcome": "done"}


@pytest.mark.parametrize(
    ("amount", "unit", "new"),
    [
        (90, "minutes", datetime(2026, 3, 28, 1, 0, tzinfo=UTC)),
        (-1, "hours", datetime(2026, 3, 27, 22, 30, tzinfo=UTC)),
        (2, "days", datetime(2026, 3, 29, 23, 30, tzinfo=UTC)),
        # half past midnight stays so across the change to summer time
        (1, "months", datetime(2026, 4, 27, 22, 30, tzinfo=UTC)),
        (1, "business_days", datetime(2026, 3, 29, 22, 30, tzinfo=UTC)),
    ],
)
def test_a_time_moves_by_the_amount(amount: int, unit: str, new: datetime) -> None:
    who = lead(last_seen=NIGHT)

    act(who, "shift_date", field="last_seen", amount=amount, unit=unit)

    assert who.values["last_seen"] == new


@pytest.mark.parametrize("unit", ["days", "months", "business_days"])
def test_a_shift_by_nothing_is_no_op(unit: str) -> None:
    data = act(lead(birthday=SATURDAY), "shift_date", field="birthday", amount=0, unit=unit)

    assert data == {"outcome": "no_op", "field": "birthday"}


def test_a_field_without_a_value_is_skipped() -> None:
    data = act(lead(), "shift_date", field="birthday", amount=1, unit="days")

    assert data == {"outcome": "skipped", "reason": "missing: field birthday has no value"}


def test_a_missing_amount_is_skipped() -> None:
    data = act(lead(birthday=SATURDAY), "shift_date", field="birthday", amount="{{ lead.orders }}", unit="days")

    assert data == {"outcome": "skipped", "reason": "missing: there is no amount"}


@pytest.mark.parametrize("unit", ["weeks", "months", "years", "business_days"])
@pytest.mark.parametrize("amount", [2**62, -(2**62), 10_000 * 366])
@pytest.mark.parametrize("field", ["birthday", "last_seen"])
def test_a_date_beyond_the_calendar_fails(field: str, amount: int, unit: str) -> None:
    who = lead(birthday=SATURDAY, last_seen=NIGHT, orders=amount)

    data = act(who, "shift_date", field=field, amount="{{ lead.orders }}", unit=unit)

    assert data == {
        "outcome": "failed",
        "reason": f"{field} would be outside the years 1 to 9999; use a smaller amount",
    }


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"field": "orders"}, "field: field 'orders' is of type whole number; expected date or date and time"),
        ({"amount": None}, "amount: must not be null"),
        ({"amount": 1.5}, "amount: expected a whole number, got 1.5"),
        ({"amount": "{{ event.amount }}"}, "amount: {{ event.amount }} is of type decimal number; expected whole"),
        ({"unit": "fortnights"}, "unit: expected one of minutes, hours, days, weeks, months, years, business_days"),
        ({"unit": ["days"]}, "unit: expected one of minutes, hours, days"),
        ({"unit": "hours"}, "unit: field 'birthday' has no time of day; use days or more"),
        ({"amount": -1001, "unit": "years"}, "unit: -1001 years are more than a thousand years"),
        ({"amount": 300_000, "unit": "business_days"}, "unit: 300000 business_days are more than a thousand years"),
    ],
)
def test_bad_parameters_are_named(params: dict[str, Any], fault: str) -> None:
    usual = {"field": "birthday", "amount": 1, "unit": "days"}
    found = faults(campaign(step("shift_date", **(usual | params))))

    assert len(found) == 1
    assert f"steps[0].params.{fault}" in found[0]


DAYS = st.dates(date(1970, 1, 1), date(2100, 1, 1))


@given(DAYS, st.integers(-30, 30).filter(bool))
def test_business_days_are_counted_one_by_one(day: date, amount: int) -> None:
    expected, left = day, abs(amount)
    while left:
        expected += timedelta(days=1 if amount > 0 else -1)
        left -= expected.weekday() < 5

    assert shift_business_days(day, amount) == expected


@given(DAYS.filter(lambda day: day.weekday() < 5), st.integers(-1000, 1000))
def test_business_days_forth_and_back_lead_to_the_same_day(day: date, amount: int) -> None:
    assert shift_business_days(shift_business_days(day, amount), -amount) == day
