"""Why a filter says yes or no: what each condition found at the lead, and what it was compared with."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.context import Context, EventView
from campaigns.language.history import Look, Remembered
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.sqltext import TRUE
from campaigns.language.tracing import Trace, leaves, reasons, say, trace_filter
from tests.unit.campaigns.acme import ACME, EVENTS, NOW, lead

MEMBER = {"status": "invited", "since": "2026-01-01T00:00:00+00:00"}
RECORDS: dict[tuple[str, str], dict[str, Any]] = {
    ("program", "webinar"): MEMBER,
    ("nurture", "onboarding"): {"stream": "basics", "position": 2},
    ("consent", "profiling:000001"): {"granted": True, "at": "2026-01-01"},
    ("consent", "profiling:000002"): {"granted": False, "at": "2026-01-02"},
    ("subscription", "news:sms"): {"state": "pending"},
    ("goal", "first-order:7"): {},
    ("bucket", "prices"): {"bucket": 1, "size": 4},
    ("partition", "current"): {"partition": "europe"},
    ("object", "car:A1"): {"fields": {"seats": 2}},
    ("object", "cart:A1"): {"fields": {"seats": 4}},
    ("opportunity", "O1"): {"stage": "won"},
    ("marketing", "suspended"): {"until": None},
}


def traced(condition: dict[str, Any], who: LeadState | None = None, **data: Any) -> Trace:
    """What is said of a purchase of a lead with something in each record."""
    if who is None:
        who = lead(owner="ann@acme.test", email="a@b.test", first_name="Ann", tags={"hot"}, lists={"news"})
        who.records = dict(RECORDS)
    scope = Scope(ACME, publishing=False)
    scope.events = [EVENTS["purchase"]]
    view = EventView(data, EVENTS["purchase"].casts)
    found = trace_filter(condition, scope, "filter", who, Context(ACME, "purchase", view, NOW, NOW))
    assert scope.faults == []
    return found


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ({"program": "webinar", "status": "attended"}, MEMBER),
        ({"program": "webinar", "operator": "not_in"}, MEMBER),
        ({"nurture": "onboarding", "stream": "expert"}, {"stream": "basics", "position": 2}),
        ({"consent": "profiling"}, {"granted": False, "at": "2026-01-02"}),
        ({"subscription": "news", "channel": "sms"}, {"state": "pending"}),
        ({"subscription": "news"}, None),
        ({"goal": "first-order"}, ["first-order:7"]),
        ({"goal": "spring"}, []),
        ({"bucket": "prices", "buckets": [2]}, {"bucket": 1, "size": 4}),
        ({"partition": "asia"}, "europe"),
        ({"object": "car", "where": {"seats": 5}}, {"car:A1": {"fields": {"seats": 2}}}),
        ({"opportunity": None, "where": {"stage": "open"}}, {"O1": {"stage": "won"}}),
        ({"opportunity": "O2"}, {}),
        ({"owner": "inactive"}, "ann@acme.test"),
        ({"pool": "away"}, "ann@acme.test"),
        ({"unreachable": "email"}, "policy: marketing is suspended"),
        ({"unreachable": "sms"}, "no address that can be used"),
        ({"unreachable": "email", "marketing": False}, None),
        ({"sample": "spring", "percent": 1}, 23.09),
        ({"duplicate": ["email", "first_name"]}, {"email": "a@b.test", "first_name": "Ann"}),
        ({"field": "tags", "operator": "contains_any_of", "value": ["vip"]}, ["hot"]),
        ({"field": "lists", "operator": "contains_any_of", "value": ["vips"]}, ["news"]),
        ({"field": "stage", "operator": "is", "value": "vip"}, None),
    ],
)
def test_a_condition_shows_what_the_lead_has_there(condition: dict[str, Any], value: Any) -> None:
    found = traced(condition)
    assert (found.value, found.compared) == (value, None)
    assert say(found).endswith("and found no value" if value is None else "") and "filter wants" in say(found)


def test_what_is_looked_up_beyond_the_lead_is_as_it_is_stored() -> None:
    who = lead(email="a@b.test")
    assert not traced({"duplicate": "email"}, who).holds
    who.history = Remembered((), {Look("duplicate:email", TRUE): True})
    assert traced({"duplicate": "email"}, who).holds


@pytest.mark.parametrize(
    ("value", "compared"),
    [
        ("{{ event.cds }}", 3),
        ("3", None),
        ("{{ event.shop }}", None),
    ],
)
def test_a_token_shows_what_it_stood_for(value: str, compared: Any) -> None:
    condition = {"field": "nickname", "operator": "is", "value": value}
    found = traced(condition, lead(nickname="4"), cds="3")
    assert found.compared == compared
    assert say(found).endswith('found "4"' + ("" if compared is None else f" to compare with {compared}"))


def test_templates_and_lists_of_values_show_what_they_stood_for() -> None:
    values = ["{{ event.shop }}", "x", "no {{ event.cds }}"]
    found = traced({"field": "nickname", "operator": "is", "value": values}, lead(), cds="3", shop="b")
    assert found.compared == ["b", "x", "no 3"]


def test_a_smart_list_shows_what_it_asks() -> None:
    condition = {"any": [{"smart_list": "buyers"}]}
    no = traced(condition, lead(orders=0))
    assert [(one.path, one.value) for one in reasons(no)] == [("filter.any[0].smart_list", 0)]

    who = lead(orders=2)
    who.records["excluded", "buyers"] = {"until": None}
    excluded = traced(condition, who)
    assert [(one.path, one.value) for one in reasons(excluded)] == [("filter.any[0].excluded", {"until": None})]
    assert [one.holds for one in leaves(excluded)] == [False, True]

    (not_in,) = reasons(traced({"smart_list": "buyers", "operator": "not_in"}, lead(orders=2)))
    assert not_in.path == "filter"
