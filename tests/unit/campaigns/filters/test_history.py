"""Conditions on a lead's history: what it did, how often, when; and which fields changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from campaigns.language.activity import ActivityRow
from campaigns.language.context import Context, EventView
from campaigns.language.history import Remembered
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.scope import Scope
from campaigns.language.tracing import trace_filter
from tests.unit.campaigns.acme import ACME, EVENTS, NOW, campaign, event, lead, on, rulebook, run, step
from tests.unit.campaigns.filters.matching import fault

COUNT = step("change_score", amount=1)


def begun(book: Rulebook) -> dict[Any, Any]:
    """A history of which nothing is known yet."""
    return {question: question.begin() for question in book.needs_history}


def score(condition: Any, *events: Any, who: LeadState | None = None) -> int:
    """How many of the events passed the filter, with a history that begins with them."""
    book = rulebook(campaign(COUNT, filter=condition))
    who = who or lead()
    who.history = begun(book)
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
        ({"where": {"shop": "B"}}, 2),
        ({"where": [{"attribute": "shop", "operator": "is", "value": "B", "case": "sensitive"}]}, 0),
        ({"where": [{"attribute": "shop", "operator": "is_none_of", "value": ["a", "b"]}]}, 1),
        ({"where": [{"attribute": "paid_at", "operator": "is_not", "value": "2026-01-01"}]}, 3),
        (
            {"where": [{"attribute": "paid_at", "operator": "is_not", "value": "2026-01-01", "must_have_value": True}]},
            0,
        ),
        ({"where": [{"attribute": "amount", "operator": "between", "value": ["9.99", 10]}]}, 3),
        ({"last_is": {"shop": "b"}}, 1),
        ({"last_is": {"shop": "b"}, "count": {"at_least": 3}}, 0),
        ({"first": {"operator": "is", "value": "2026-03-15"}}, 3),
        ({"last": {"operator": "before", "value": "2026-03-15"}}, 0),
        ({"operator": "not_performed", "last": {"operator": "in_past", "value": {"amount": 1, "unit": "days"}}}, 0),
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
    who.history = begun(book)

    run(book, who)

    assert "orders" not in who.values


def test_a_changed_field_is_seen_whatever_changed_it() -> None:
    asked = {"changed": "nickname", "to": ["Ann", "Bob"], "in_past": {"amount": 1, "unit": "days"}}
    naming = campaign(step("change_field", field="nickname", value="{{ event.shop }}"))
    book = rulebook(naming, campaign(COUNT, filter=asked))
    who = lead()
    who.history = begun(book)

    run(book, who, *purchases("Eve", "Ann", "Eve", at=NOW))

    assert who.values["score"] == 2


def changes(condition: Any) -> int:
    """How many of three purchases, by which orders go from 1 to 5 and to 4 and stay, pass."""
    setting = campaign(step("change_field", field="orders", value="{{ event.cds }}"))
    book = rulebook(setting, campaign(COUNT, filter={"changed": "orders", **condition}))
    who = lead(orders=1)
    who.history = begun(book)
    run(book, who, *[event(id=f"e{place}", cds=cds) for place, cds in enumerate((5, 4, 4))])
    return who.values.get("score", 0)


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ({}, 3),
        ({"to": 4}, 2),
        ({"was": 1}, 3),
        ({"was": None}, 0),
        ({"was": {"operator": "greater_than", "value": 4}}, 2),
        ({"by": 4}, 3),
        ({"by": {"operator": "less_than", "value": 0}}, 2),
        ({"was": 5, "to": 4, "count": {"exactly": 1}}, 2),
        ({"last_is": {"to": 5}}, 1),
        ({"source": "campaign"}, 3),
        ({"source": ["user", "api"]}, 0),
        ({"operator": "not_changed", "to": 4}, 1),
        ({"reason": "x"}, 0),
    ],
)
def test_a_change_is_told_by_its_ends_its_size_and_its_source(condition: dict[str, Any], seen: int) -> None:
    assert changes(condition) == seen


def test_what_a_person_changed_is_a_change_too() -> None:
    asked = {"changed": "orders", "to": {"operator": "at_least", "value": 3}, "source": "user"}
    book = rulebook(campaign(COUNT, on={"type": "field_changed", "field": "orders"}, filter=asked))
    who = lead()
    who.history = begun(book)
    told = event("field.changed", field="orders", old=1, new=3)

    run(book, who, structs.replace(told, source="signal:ann"))

    assert who.values["score"] == 1


@pytest.mark.parametrize(
    ("seconds", "passed"), [((0, 60), 1), ((0, 61), 0), ((60, 0), 0), ((0, 0), 1), ((0, 3, 200, 61), 1)]
)
def test_one_thing_after_another_is_seen_within_its_time(seconds: tuple[int, ...], passed: int) -> None:
    within = {"amount": 1, "unit": "minutes"}
    book = rulebook(campaign(COUNT, filter={"activity": "signup", "then": {"activity": "purchase", "within": within}}))
    who = lead()
    who.history = begun(book)
    first, *later = (NOW + timedelta(seconds=s) for s in seconds)

    run(book, who, event("signup", id="a", at=first, email="x"), *[event(id=f"b{t}", at=t) for t in later][:1])

    assert who.values.get("score", 0) == passed


def test_since_the_entry_counts_what_came_after_the_event_that_a_run_was_entered_for() -> None:
    twice = {"activity": "purchase", "since": "entry", "count": {"at_least": 2}}
    once = {"qualification": {"inside": "ignore"}}
    book = rulebook(
        campaign(step("wait_for_condition", "wait", rule=twice, timeout={"amount": 9, "unit": "days"}), COUNT, **once)
    )
    who = lead()
    who.history = begun(book)

    run(book, who, event(id="e1"), event(id="e2"))
    before = who.values.get("score")
    run(book, who, event(id="e3"))

    assert (before, who.values.get("score")) == (None, 1)


@pytest.mark.parametrize(
    ("more", "passed"), [({"was": "Eve"}, 2), ({"was": ["Eve", "Ann"], "to": "Eve"}, 1), ({"reason": "import"}, 0)]
)
def test_a_change_is_asked_for_what_was_before(more: dict[str, Any], passed: int) -> None:
    asked = {"changed": "nickname", "count": {"exactly": 1}, **more}
    naming = campaign(step("change_field", field="nickname", value="{{ event.shop }}"))
    book = rulebook(naming, campaign(COUNT, filter=asked))
    who = lead()
    who.history = begun(book)

    run(book, who, *purchases("Eve", "Ann", "Eve", at=NOW))

    assert who.values.get("score", 0) == passed


@pytest.mark.parametrize(("ago", "passed"), [(29, False), (31, True)])
def test_a_state_has_been_for_so_long_when_nothing_changed_it_since(ago: int, passed: bool) -> None:
    asked = {"has_been": "stage", "value": "vip", "operator": "is", "for": {"amount": 30, "unit": "days"}}
    book = rulebook(
        campaign(step("change_stage", stage="vip"), on=on("signup")), campaign(COUNT, filter=asked, on=on("purchase"))
    )
    who = lead()
    who.history = begun(book)
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
        ({"activity": "purchase", "where": {"shop": None}}, "filter.where.shop.value: expected one value"),
        ({"activity": "purchase", "where": {"cds": "many"}}, "filter.where.cds.value: expected a whole number"),
        ({"activity": "purchase", "where": {"shopp": "a"}}, "filter.where.shopp.attribute: event type 'purchase' has"),
        ({"activity": "purchase", "where": "shop"}, "filter.where: expected a list of at most 10"),
        ({"activity": "purchase", "where": [{"attribute": "cds"}]}, "filter.where[0].operator: names no operator"),
        (
            {"activity": "change_score", "where": [{"attribute": "change", "operator": "at_least", "value": 1}]},
            "filter.where[0].type: attribute 'change' is undeclared; say its type",
        ),
        (
            {"activity": "purchase", "where": [{"attribute": "shop", "operator": "matches_regex", "value": "a+"}]},
            "filter.where[0].operator: matches_regex is for memory alone",
        ),
        (
            {"activity": "purchase", "where": {"shop": "{{ lead.nickname }}"}},
            "filter.where.shop.value: histories are asked for many leads at once",
        ),
        ({"activity": "purchase", "since": "entry"}, "filter.since: nobody has entered the campaign here"),
        ({"activity": "purchase", "since": "birth"}, "filter.since: expected entry"),
        (
            {"activity": "purchase", "in_past": {"amount": 1, "unit": "days"}, "until": "2026-01-01"},
            "filter.in_past: cannot stand beside another time",
        ),
        ({"activity": "purchase", "between": ["2026-02-02", "2026-02-01"]}, "filter.between: has its later day first"),
        ({"activity": "purchase", "between": "2026-02-02"}, "filter.between: expected a list of two days"),
        ({"activity": "purchase", "first": {"operator": "at_least", "value": 1}}, "filter.first.operator: unknown"),
        ({"activity": "purchase", "last": "today"}, "filter.last: expected an object with operator"),
        ({"activity": "purchase", "then": "page_view"}, "filter.then: expected an object with activity and within"),
        (
            {"activity": "purchase", "then": {"activity": "signup", "within": {"amount": 1, "unit": "months"}}},
            "filter.then.within: expected at least one of minutes, hours, days, weeks",
        ),
        (
            {
                "activity": "purchase",
                "count": {"exactly": 1},
                "then": {"activity": "signup", "within": {"amount": 1, "unit": "days"}},
            },
            "filter.count: cannot stand beside then",
        ),
        ({"changed": "tags"}, "filter.changed: is no plain field"),
        ({"changed": "nickname", "by": 3}, "filter.by: 'nickname' is no number"),
        ({"changed": "orders", "source": "dream"}, "filter.source: expected one of api, user"),
        ({"changed": "orders", "to": "many"}, "filter.to.value: expected a whole number"),
        ({"changed": "colour", "was": {"operator": "is", "value": "pink"}}, "filter.was.value: 'pink' is not among"),
        ({"changed": "orders", "last_is": 3}, "filter.last_is: expected an object with was, to"),
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


def test_an_explanation_says_how_often_and_when() -> None:
    scope = Scope(ACME)
    scope.events = [EVENTS["purchase"]]
    who, context = lead(), Context(ACME, "purchase", EventView({}, {}), NOW, NOW)
    rows = [ActivityRow(7, NOW - timedelta(days=days), "purchase", None, None, None, "", {}) for days in (1, 3)]
    who.history = Remembered(rows)

    often = trace_filter({"activity": "purchase", "count": {"at_least": 3}}, scope, "filter", who, context)
    lately = {"activity": "purchase", "operator": "not_performed", "last": {"operator": "is", "value": "2026-03-14"}}
    when = trace_filter(lately, scope, "filter", who, context)

    assert (often.holds, often.value) == (False, 2)
    assert (when.holds, when.value) == (False, "2026-03-14T12:00:00Z")
