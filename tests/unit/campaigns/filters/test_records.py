"""Conditions on what is kept of a lead: programs, consents, subscriptions, goals, buckets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import NOW, lead
from tests.unit.campaigns.filters.matching import fault, matches


def keeping(**records: Any) -> LeadState:
    who = lead()
    for name, data in records.items():
        kind, _, key = name.partition("__")
        who.records[kind, key.replace("__", ":").replace("_", "-")] = data
    return who


MEMBER = {"status": "attended", "success_at": "2026-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"program": "webinar", "operator": "in"}, True),
        ({"program": "webinar", "operator": "not_in"}, False),
        ({"program": "webinar", "operator": "in", "status": ["invited", "attended"]}, True),
        ({"program": "webinar", "operator": "in", "status": "invited"}, False),
        ({"program": "webinar", "operator": "in", "success": True}, True),
        ({"program": "webinar", "operator": "in", "success": False}, False),
    ],
)
def test_a_member_has_a_status_and_success(condition: Any, found: bool) -> None:
    assert matches(condition, keeping(program__webinar=MEMBER)) is found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"operator": "before", "value": "2026-01-02"}, True),
        ({"operator": "after", "value": "2026-01-02"}, False),
        ({"operator": "in_past", "value": {"amount": 3, "unit": "months"}}, True),
        ({"operator": "in_past", "value": {"amount": 2, "unit": "months"}}, False),
        ({"operator": "before", "value": "{{ event.paid_at }}"}, True),
        ({"operator": "month_is", "value": 12, "zone": "America/New_York"}, True),
        ({"operator": "is_empty"}, False),
    ],
)
def test_success_has_its_date(asked: dict[str, Any], found: bool) -> None:
    condition = {"program": "webinar", "success_at": asked}
    assert matches(condition, keeping(program__webinar=MEMBER), paid_at="2026-02-01T00:00:00Z") is found


def test_who_did_not_succeed_has_no_date_of_success() -> None:
    never = {"program": "webinar", "success_at": {"operator": "is_empty"}}
    later = {"program": "webinar", "success_at": {"operator": "before", "value": "2026-01-02", "or_empty": True}}
    invited = keeping(program__webinar={"status": "invited"})
    assert matches({"all": [never, later]}, invited)
    assert not matches(never, lead())  # who is no member is not asked


def test_who_was_removed_is_no_member() -> None:
    assert not matches({"program": "webinar"}, keeping(program__webinar=MEMBER | {"ended": "2026-01-02"}))
    assert matches({"program": "webinar", "operator": "not_in"}, lead())


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ({"granted": True}, True),
        ({"granted": False}, False),
        ({"granted": True, "expires": "2026-03-15T12:00:00+00:00"}, False),
        ({"granted": True, "expires": "2026-03-15T12:00:01+00:00"}, True),
    ],
)
def test_the_last_consent_holds_until_it_expires(last: Any, found: bool) -> None:
    who = keeping(consent__profiling__000001={"granted": not found}, consent__profiling__000002=last)

    assert matches({"consent": "profiling", "operator": "in"}, who) is found


@pytest.mark.parametrize(
    ("more", "found"),
    [({"channel": "sms"}, True), ({}, False), ({"channel": "sms", "state": "pending"}, False)],
)
def test_a_subscription_is_of_a_channel_and_in_a_state(more: Any, found: bool) -> None:
    who = keeping(subscription__news__sms={"state": "subscribed"})

    assert matches({"subscription": "news", **more}, who) is found


def test_a_goal_is_reached_once_or_for_each_key() -> None:
    assert matches({"goal": "first-order"}, keeping(goal__first_order={}))
    assert matches({"goal": "first-order"}, keeping(goal__first_order__7={}))
    assert not matches({"goal": "first-order"}, keeping(goal__spring={}))


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, True),
        ({"operator": "not_in"}, False),
        ({"stream": "basics"}, True),
        ({"stream": ["expert"]}, False),
        ({"position_from": 2}, True),
        ({"position_from": 3}, False),
        ({"position_to": 2}, True),
        ({"position_to": 1}, False),
        ({"position_from": 1, "position_to": 2, "exhausted": False}, True),
        ({"exhausted": True}, False),
    ],
)
def test_a_lead_is_so_far_in_a_nurture(more: dict[str, Any], found: bool) -> None:
    who = keeping(nurture__onboarding={"stream": "basics", "position": 2, "exhausted": False})

    assert matches({"nurture": "onboarding", **more}, who) is found
    assert not matches({"nurture": "onboarding"}, lead())


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"in_past": {"amount": 3, "unit": "days"}}, True),
        ({"in_past": {"amount": 2, "unit": "days"}}, False),
        ({"for": {"amount": 2, "unit": "days"}}, True),
        ({"for": {"amount": 4, "unit": "days"}}, False),
        ({"for": {"amount": 2, "unit": "days"}, "in_past": {"amount": 1, "unit": "weeks"}}, True),
    ],
)
def test_a_lead_has_a_status_for_so_long(more: dict[str, Any], found: bool) -> None:
    since = (NOW - timedelta(days=3)).isoformat()

    assert matches({"program": "webinar", **more}, keeping(program__webinar={**MEMBER, "since": since})) is found
    assert not matches({"program": "webinar", **more}, keeping(program__webinar=MEMBER))


@pytest.mark.parametrize(
    ("owner", "active", "inactive", "sales"),
    [("ann@acme.test", True, False, True), ("bob@acme.test", False, True, False), (None, False, False, False)],
)
def test_an_owner_gets_leads_or_not_and_is_of_a_pool(
    owner: str | None, active: bool, inactive: bool, sales: bool
) -> None:
    values = {"owner": owner} if owner else {}

    assert matches({"owner": "active"}, lead(**values)) is active
    assert matches({"owner": "inactive"}, lead(**values)) is inactive
    assert matches({"pool": "sales"}, lead(**values)) is sales
    assert matches({"pool": "sales", "operator": "not_in"}, lead(**values)) is not sales


def test_a_lead_is_in_a_bucket() -> None:
    first = {"bucket": 1, "size": 4}

    assert matches({"bucket": "prices", "buckets": [0, 1]}, keeping(bucket__prices=first))
    assert not matches({"bucket": "prices", "buckets": [2]}, keeping(bucket__prices=first))
    assert matches({"bucket": "prices", "operator": "not_in", "buckets": [1]}, lead())


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"program": "webiner"}, "filter.program: unknown program 'webiner'; did you mean 'webinar'?"),
        ({"program": "webinar", "status": "met"}, "filter.status: the program has no status 'met'"),
        ({"program": "webinar", "success": "yes"}, "filter.success: expected true or false"),
        ({"program": "webinar", "operator": "is"}, "filter.operator: expected in or not_in"),
        ({"program": "webinar", "success_at": "2026-01-01"}, "filter.success_at: expected an object with operator"),
        ({"program": "webinar", "success_at": {"operator": "is_true"}}, "filter.success_at.operator: unknown operator"),
        (
            {"program": "webinar", "success_at": {"operator": "is_empty", "status": "attended"}},
            "filter.success_at.status: has no meaning here",
        ),
        ({"consent": "selling"}, "filter.consent: unknown purpose 'selling'"),
        ({"subscription": "spam"}, "filter.subscription: unknown topic 'spam'"),
        ({"subscription": "news", "channel": "fax"}, "filter.channel: expected one of email"),
        ({"subscription": "news", "state": "on"}, "filter.state: expected one of subscribed"),
        ({"nurture": "onboard"}, "filter.nurture: unknown nurture 'onboard'; did you mean 'onboarding'?"),
        ({"nurture": "onboarding", "stream": "pro"}, "filter.stream: the nurture has no stream 'pro'"),
        ({"nurture": "onboarding", "position_from": -1}, "filter.position_from: expected a whole number from 0 on"),
        ({"nurture": "onboarding", "exhausted": 1}, "filter.exhausted: expected true or false"),
        ({"program": "webinar", "for": "long"}, "filter.for: expected a period like"),
        ({"program": "webinar", "for": {"amount": 0, "unit": "days"}}, "filter.for.amount: must be at least 1"),
        ({"owner": "ann@acme.test"}, "filter.owner: expected one of active, inactive"),
        ({"pool": "sails"}, "filter.pool: unknown pool 'sails'; did you mean 'sales'?"),
        ({"goal": "none"}, "filter.goal: unknown goal 'none'"),
        ({"bucket": "prices"}, "filter.buckets: expected a list of 1 to 1000 numbers"),
        ({"bucket": 7, "buckets": [1]}, "filter.bucket: expected the name of an experiment"),
    ],
)
def test_a_condition_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)
