"""Conditions on a lead's history: what it did, how often, when; and which fields changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import NOW, campaign, event, lead, on, rulebook, run, step
from tests.unit.campaigns.filters.matching import fault

COUNT = step("change_score", amount=1)


def score(condition: Any, *events: Any, who: LeadState | None = None) -> int:
    """How many of the events passed the filter, with a history that begins with them."""
    book = rulebook(campaign(COUNT, filter=condition))
    who = who or lead()
    who.history = dict.fromkeys(book.needs_history, 0)
    run(book, who, *events)
    return who.values.get("score", 0)


def purchases(*shops: str, at: datetime = NOW) -> list[Any]:
    return [event(id=f"e{place}", shop=shop, at=at) for place, shop in enumerate(shops)]


@pytest.mark.parametrize(
    ("more", "passed"),
    [
        ({}, 3),
        ({"operator": "not_performed"}, 0),
        ({"count": {"at_least": 2}}, 2),
        ({"count": {"at_most": 2}}, 2),
        ({"count": {"exactly": 2}}, 1),
        ({"count": {"between": [2, 3]}}, 2),
        ({"where": {"shop": "b"}}, 2),
        ({"where": {"shop": ["b", "c"]}, "count": {"at_least": 2}}, 1),
        ({"where": {"cds": 1}, "count": {"exactly": 3}}, 1),
        ({"where": {"shop": "B"}}, 0),
    ],
)
def test_a_filter_sees_the_event_that_set_it_off_and_all_before_it(more: dict[str, Any], passed: int) -> None:
    assert score({"activity": "purchase", **more}, *purchases("a", "b", "c")) == passed


@pytest.mark.parametrize(
    ("time", "at", "passed"),
    [
        ({"in_past": {"amount": 2, "unit": "days"}}, NOW - timedelta(days=2), 1),
        ({"in_past": {"amount": 2, "unit": "days"}}, NOW - timedelta(days=2, microseconds=1), 0),
        ({"in_past": {"amount": 2, "unit": "days"}}, NOW + timedelta(seconds=1), 0),
        ({"from": "2026-03-14"}, datetime(2026, 3, 13, 23, tzinfo=UTC), 1),
        ({"from": "2026-03-14"}, datetime(2026, 3, 13, 22, 59, tzinfo=UTC), 0),
        ({"until": "2026-03-14"}, datetime(2026, 3, 14, 22, 59, tzinfo=UTC), 1),
        ({"until": "2026-03-14"}, datetime(2026, 3, 14, 23, tzinfo=UTC), 0),
    ],
)
def test_days_are_those_of_the_tenant_and_periods_roll(time: dict[str, Any], at: datetime, passed: int) -> None:
    assert score({"activity": "purchase", **time}, *purchases("a", at=at)) == passed


def test_what_was_done_in_vain_does_not_count() -> None:
    asked = {"activity": "change_score"}
    steps = [step("change_score", "zero", amount=0), step("change_field", "two", field="nickname", value="x")]
    book = rulebook(campaign(*steps), campaign(step("change_field", field="orders", value=1), filter=asked))
    who = lead(score=0)
    who.history = dict.fromkeys(book.needs_history, 0)

    run(book, who)

    assert "orders" not in who.values


def test_a_changed_field_is_seen_whatever_changed_it() -> None:
    asked = {"changed": "nickname", "to": ["Ann", "Bob"], "in_past": {"amount": 1, "unit": "days"}}
    naming = campaign(step("change_field", field="nickname", value="{{ event.shop }}"))
    book = rulebook(naming, campaign(COUNT, filter=asked))
    who = lead()
    who.history = dict.fromkeys(book.needs_history, 0)

    run(book, who, *purchases("Eve", "Ann", "Eve", at=NOW))

    assert who.values["score"] == 2


@pytest.mark.parametrize(
    ("more", "passed"), [({"was": "Eve"}, 2), ({"was": ["Eve", "Ann"], "to": "Eve"}, 1), ({"reason": "import"}, 0)]
)
def test_a_change_is_asked_for_what_was_before(more: dict[str, Any], passed: int) -> None:
    asked = {"changed": "nickname", "count": {"exactly": 1}, **more}
    naming = campaign(step("change_field", field="nickname", value="{{ event.shop }}"))
    book = rulebook(naming, campaign(COUNT, filter=asked))
    who = lead()
    who.history = dict.fromkeys(book.needs_history, 0)

    run(book, who, *purchases("Eve", "Ann", "Eve", at=NOW))

    assert who.values.get("score", 0) == passed


@pytest.mark.parametrize(("ago", "passed"), [(29, False), (31, True)])
def test_a_state_has_been_for_so_long_when_nothing_changed_it_since(ago: int, passed: bool) -> None:
    asked = {"has_been": "stage", "value": "vip", "operator": "is", "for": {"amount": 30, "unit": "days"}}
    book = rulebook(
        campaign(step("change_stage", stage="vip"), on=on("signup")), campaign(COUNT, filter=asked, on=on("purchase"))
    )
    who = lead()
    who.history = dict.fromkeys(book.needs_history, 0)
    run(book, who, event("signup", id="s", email="a@b.test", at=NOW - timedelta(days=ago)), now=NOW)

    run(book, who, event(id="p"))

    assert (who.values.get("score") == 1) is passed


def test_a_state_that_was_never_changed_has_always_been_and_another_has_not() -> None:
    asked = {"has_been": "stage", "operator": "is", "value": "vip", "for": {"amount": 30, "unit": "days"}}

    assert score(asked, *purchases("a"), who=lead(stage="vip")) == 1
    assert score(asked, *purchases("a"), who=lead(stage="customer")) == 0
    assert score(asked | {"operator": "is_not"}, *purchases("a"), who=lead()) == 1


def test_what_nobody_asks_is_not_counted() -> None:
    assert rulebook(campaign(COUNT)).needs_history == frozenset()


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"activity": ""}, "filter.activity: expected an event type"),
        ({"activity": "purchase", "operator": "in"}, "filter.operator: expected performed or not_performed"),
        (
            {"activity": "purchase", "count": {"at_least": -1}},
            "filter.count.at_least: expected a whole number",
        ),
        (
            {"activity": "purchase", "count": {"between": [3, 1]}},
            "filter.count.between: expected two whole numbers",
        ),
        ({"activity": "purchase", "count": 2}, "filter.count: expected an object with one of at_least"),
        ({"activity": "purchase", "where": {"shop": None}}, "filter.where.shop: expected one text or number"),
        ({"activity": "purchase", "where": "shop"}, "filter.where: expected an object of at most 10"),
        ({"activity": "purchase", "from": "tomorrow"}, "filter.from: expected a date"),
        ({"activity": "purchase", "from": "2026-02-02", "until": "2026-02-01"}, "filter.until: is before from"),
        ({"activity": "purchase", "in_past": {"amount": 0, "unit": "days"}}, "filter.in_past.amount: must be at least"),
        ({"has_been": "stage", "operator": "is", "value": "vip"}, "filter.for: expected a period like"),
        (
            {"has_been": "stage", "operator": "is", "value": "vip", "for": {"amount": 0, "unit": "days"}},
            "filter.for.amount: must be at least 1",
        ),
        (
            {"has_been": "stage", "operator": "is", "value": "vop", "for": {"amount": 1, "unit": "days"}},
            "filter.value: 'vop' is not among the options",
        ),
        ({"changed": "nobody"}, "filter.changed: unknown field 'nobody'"),
        ({"changed": "orders", "where": {}}, "filter.where: has no meaning here"),
    ],
)
def test_a_condition_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)
