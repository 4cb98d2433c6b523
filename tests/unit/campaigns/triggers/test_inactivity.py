"""The trigger that a lead's silence sets off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.periods import Period, shift
from campaigns.language.timing import Silence
from tests.unit.campaigns.acme import ACME, campaign, event, faults, lead, rulebook, run, step

COUNT = step("change_score", "count", amount=1)
QUIET = {"type": "inactivity", "period": {"amount": 30, "unit": "days"}}
LAST = datetime(2026, 1, 30, 10, tzinfo=UTC)


def silence(**keys: Any) -> Silence:
    (timer,) = rulebook(campaign(COUNT, on={**QUIET, **keys})).timers
    assert isinstance(timer.timing, Silence)
    return timer.timing


def test_it_is_due_so_long_after_the_last_event() -> None:
    assert silence().after(LAST).at == LAST + timedelta(days=30)
    assert silence(period={"amount": 1, "unit": "months"}).after(LAST).at == datetime(2026, 2, 28, 10, tzinfo=UTC)


@given(
    last=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    period=st.builds(Period, st.integers(1, 12), st.sampled_from(["days", "weeks", "months"])),
)
def test_when_it_is_due_the_last_event_itself_breaks_it_no_more(last: datetime, period: Period) -> None:
    one = Silence(frozenset(("purchase",)), period, ACME.zone)
    due = one.after(last).at
    assert one.since(due) >= last
    assert one.since(due - timedelta(microseconds=1)) < last or period.unit == "months"
    assert shift(one.since(due), period, ACME.zone) <= due


@pytest.mark.parametrize(("events", "score"), [(0, 1), (1, None)])
def test_a_lead_that_was_silent_is_let_in_and_one_that_was_not_is_refused(events: int, score: int | None) -> None:
    book, who = rulebook(campaign(COUNT, on=QUIET)), lead()
    who.history = {book.timers[0].timing: events}  # type: ignore[dict-item]
    data = {"campaign": "c1", "trigger": "0", "occasion": "x", "since": LAST.isoformat()}
    run(book, who, event("inactivity.reached", at=LAST + timedelta(days=30), **data))
    assert who.values.get("score") == score


def test_what_happens_in_the_same_bundle_breaks_it() -> None:
    book, who = rulebook(campaign(COUNT, on=QUIET)), lead()
    who.history = {book.timers[0].timing: 0}  # type: ignore[dict-item]
    now = LAST + timedelta(days=30)
    data = {"campaign": "c1", "trigger": "0", "occasion": "x", "since": LAST.isoformat()}
    run(book, who, event(at=now), event("inactivity.reached", id="e2", at=now, **data), now=now)
    assert "score" not in who.values


def test_of_all_events_those_are_left_out_that_only_came() -> None:
    kinds = silence().kinds
    assert {"purchase", "web.page_visited", "message.clicked"} <= kinds
    assert not kinds & {"message.delivered", "message.bounced", "push.received", "field.changed", "date.reached"}
    assert silence(events=["purchase", "message.delivered"]).kinds == {"purchase", "message.delivered"}


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"period": None}, "triggers[0].period: expected a period like"),
        ({"period": {"amount": 0, "unit": "days"}}, "triggers[0].period: must be at least 1 of its unit"),
        ({"period": {"amount": 30, "unit": "hours"}}, "triggers[0].period.unit: expected days or more"),
        ({"period": {"amount": 2, "unit": "years"}}, "triggers[0].period: is longer than a year"),
        ({"events": "purchase"}, "triggers[0].events: expected a list of 1 to 50 types of events"),
        ({"events": []}, "triggers[0].events: expected a list of 1 to 50 types of events"),
        ({"events": ["purchas"]}, "triggers[0].events[0]: unknown event type 'purchas'"),
    ],
)
def test_what_does_not_fit_is_a_fault(keys: dict[str, Any], fault: str) -> None:
    found = faults(campaign(COUNT, on={**QUIET, **keys}))
    assert len(found) == 1
    assert found[0].startswith(fault)
