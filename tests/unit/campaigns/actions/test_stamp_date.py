from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.campaigns.acme import NOW, THEN, act, campaign, event, faults, lead, step


@pytest.mark.parametrize(
    ("params", "value"),
    [
        ({"field": "last_seen"}, THEN),
        ({"field": "last_seen", "mode": "now"}, NOW),
        ({"field": "birthday"}, date(2026, 3, 15)),  # half past midnight in Berlin
        ({"field": "birthday", "offset": {"amount": -1, "unit": "months"}}, date(2026, 2, 15)),
        ({"field": "birthday", "offset": {"amount": -2, "unit": "hours"}}, date(2026, 3, 14)),
        ({"field": "last_seen", "offset": {"amount": 1, "unit": "days"}}, datetime(2026, 3, 15, 23, 30, tzinfo=UTC)),
        # half past midnight stays so across the change to summer time
        ({"field": "last_seen", "offset": {"amount": 1, "unit": "months"}}, datetime(2026, 4, 14, 22, 30, tzinfo=UTC)),
    ],
)
def test_the_field_takes_the_time(params: dict[str, Any], value: Any) -> None:
    who = lead()

    act(who, "stamp_date", **params)

    assert who.values == {params["field"]: value}


def test_a_value_that_is_there_stays_if_asked() -> None:
    who = lead(birthday=date(2000, 1, 1))

    data = act(who, "stamp_date", field="birthday", only_if_empty=True)

    assert data == {"outcome": "no_op", "reason": "the field has a value"}


@pytest.mark.parametrize("unit", ["days", "months"])
def test_a_time_beyond_the_calendar_fails(unit: str) -> None:
    last = event(at=datetime(9999, 12, 31, tzinfo=UTC))

    data = act(lead(), "stamp_date", field="last_seen", offset={"amount": 5, "unit": unit}, on=last)

    assert data["outcome"] == "failed"


@pytest.mark.parametrize(
    ("offset", "fault"),
    [
        (3, "expected a period like"),
        ({"amount": 3, "unit": "fortnights"}, "offset.unit: expected one of minutes, hours, days"),
        ({"amount": 3.5, "unit": "days"}, "offset.amount: expected a whole number, got 3.5"),
        ({"amount": 10**9, "unit": "minutes"}, "offset.amount: is more than a thousand years"),
    ],
)
def test_an_offset_is_a_period(offset: Any, fault: str) -> None:
    assert fault in faults(campaign(step("stamp_date", field="birthday", offset=offset)))[0]
