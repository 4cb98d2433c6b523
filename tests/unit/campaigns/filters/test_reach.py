"""Whether a channel reaches the lead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import lead
from tests.unit.campaigns.filters.matching import fault, matches


def unreachable(*records: tuple[str, str, dict[str, Any]], email: str | None = "a@b.test", **more: Any) -> bool:
    who = lead(email=email) if email else lead()
    who.records = {(kind, key): data for kind, key, data in records}
    found = matches({"unreachable": "email", **more}, who)
    again = lead(email=email) if email else lead()
    again.records = who.records
    assert matches({"unreachable": "email", "operator": "not_in", **more}, again) is not found
    return found


def test_who_has_no_usable_address_is_not_reached() -> None:
    assert not unreachable()
    assert unreachable(email=None)
    assert unreachable(email="nobody at home")
    assert unreachable(("address", "email", {"invalid": "a@b.test"}))
    assert not unreachable(("address", "email", {"invalid": "old@b.test"}))


def test_who_is_blocked_is_reached_by_operational_messages_alone() -> None:
    block = ("block", "email", {"reason": "unsubscribed"})
    assert unreachable(block)
    assert not unreachable(block, marketing=False)
    assert unreachable(("blocklist", "domain", {"value": "b.test"}), marketing=False)


def test_marketing_is_suspended_until_its_time() -> None:
    assert unreachable(("marketing", "suspended", {"until": None}))
    assert unreachable(("marketing", "suspended", {"until": "2026-03-15T12:00:01+00:00"}))
    assert not unreachable(("marketing", "suspended", {"until": "2026-03-15T12:00:00+00:00"}))


def test_a_topic_counts_only_where_it_is_asked_for() -> None:
    left = ("subscription", "news:email", {"state": "unsubscribed"})
    assert not unreachable(left)
    assert unreachable(left, topic="news")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"unreachable": "fax"}, "filter.unreachable: expected one of email, sms, got 'fax'"),
        ({"unreachable": "email", "topic": "sport"}, "filter.topic: unknown topic 'sport'"),
        ({"unreachable": "email", "marketing": "yes"}, "filter.marketing: expected true or false"),
        ({"unreachable": "email", "operator": "is"}, "filter.operator: expected in or not_in"),
    ],
)
def test_a_condition_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)
