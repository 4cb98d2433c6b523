"""Text with references: what it says, what is found wrong before it runs, and what it may not take."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from campaigns.language.templates import LENGTH_LIMIT
from tests.unit.campaigns.acme import act, campaign, event, faults, lead, on, step


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {{ lead.first_name }}!", "Hello Ann!"),
        ("Hello {{ lead.nickname | default: 'friend' }}!", "Hello friend!"),
        ("{{ lead.first_name | upcase }}", "ANN"),
        ("{{ lead.email }} {{ event.amount }}", "ann@acme.test 10.00"),
        ("{% if lead.orders > 2 %}again{% else %}first{% endif %}", "again"),
        ("{% for tag in lead.tags %}{{ tag }};{% endfor %}", "cold;hot;"),
        ("{{ event.occurred_at | date: '%d.%m. %H:%M' }} h", "15.03. 00:30 h"),
        ("{{ lead.total | times: 2 }} each", "21.00 each"),
        ("{{ lead.total | plus: 0.2 | round: 1 }}/{{ 7 | divided_by: 2 }}", "10.7/3"),
        ("{{ lead.phone | plus: 1 }} {{ 'x' | times: 3 }}", "1 0"),
        ("{% assign name = lead.first_name %}{{ name }}{{ name }}", "AnnAnn"),
    ],
)
def test_a_template_is_text(template: str, text: str) -> None:
    who = lead(first_name="Ann", email="ann@acme.test", orders=3, total=Decimal("10.50"), tags={"hot", "cold"})
    act(who, "change_field", field="notes", value=template)
    assert who.values["notes"] == text


def test_a_template_of_nothing_is_null() -> None:
    who = lead(nickname="x")
    act(who, "change_field", field="nickname", value="{% if lead.phone %}x{% endif %} ")
    assert "nickname" not in who.values


def test_attributes_that_nobody_declared_are_read_as_they_come() -> None:
    who = lead()
    viewed = event("page_view", basket=[{"sku": "a"}, {"sku": "b"}])
    text = "{% for item in event.basket %}{{ item.sku }}{% endfor %}!"
    act(who, "change_field", field="nickname", value=text, on=viewed)
    assert who.values["nickname"] == "ab!"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("Hello {{ lead.frist_name }}", "unknown field 'frist_name'; did you mean 'first_name'?"),
        ("Hello {{ event.nope }}", "event type 'purchase' has no attribute 'nope'"),
        ("Hello {{ tenant.name }}", "unknown name 'tenant'; a template can use lead.…, event.…, run.… and now"),
        ("Hello {{ lead }}", "write which part of lead is meant, as in lead.name"),
        ("Hello {{ lead[event.shop] }}", "write which part of lead is meant"),
        ("Hello {{ lead.email | upper }}", "unknown filter 'upper'"),
        ("Hello {{ lead.email", "is no valid template"),
        ("{% if lead.email %}Hello", "is no valid template"),
        ("{% include 'secrets' %}", "is no valid template"),
        ("{% render 'secrets' %}", "is no valid template"),
        ("{{}} x", "is no valid template"),
        ("x" * LENGTH_LIMIT + "{{ now }}", "characters long, at most 30,000 are allowed"),
    ],
)
def test_what_cannot_be_is_a_fault(template: str, fault: str) -> None:
    found = " | ".join(faults(campaign(step("change_field", field="notes", value=template))))
    assert fault.lower() in found.lower()


HOSTILE = {
    "loops in loops": "{% for a in (1..1000) %}{% for b in (1..1000) %}x{% endfor %}{% endfor %}",
    "a long loop": "{% for a in (1..100000000) %}x{% endfor %}",
    "a variable that doubles": "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..60) %}"
    "{% assign a = a | append: a %}{% endfor %}{{ a }}",
    "much output": "{% for i in (1..900) %}{{ lead.notes }}{% endfor %}",
    "deep nesting": "{% if true %}" * 40 + "x" + "{% endif %}" * 40,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_ends_soon_and_small(name: str) -> None:
    """Within 50 ms of this process's time: the best of three, for the machine may be busy."""
    document = campaign(step("change_field", field="nickname", value=HOSTILE[name]))
    if faults(document):
        return
    seconds, row = [], {}
    for _ in range(3):
        began = time.process_time()
        row = act(lead(notes="x" * 1000), "change_field", field="nickname", value=HOSTILE[name])
        seconds.append(time.process_time() - began)
    assert row["outcome"] == "failed" and "limit" in row["reason"]
    assert min(seconds) < 0.05


def test_a_division_by_zero_gives_no_text() -> None:
    row = act(lead(), "change_field", field="notes", value="{{ 1 | divided_by: lead.orders }} each")
    assert row["outcome"] == "failed" and "divides by zero" in row["reason"]


def test_the_time_is_the_tenants() -> None:
    who: Any = lead()
    act(who, "change_field", field="nickname", value="{{ now | date: '%H:%M' }}.", on=event(at=datetime.now(UTC)))
    assert who.values["nickname"] == "13:00."


def test_a_template_in_a_condition_of_another_event_type_is_checked_against_each() -> None:
    document = campaign(step("change_field", field="notes", value="{{ event.amount }} x"), on=on("signup"))
    (found,) = faults(document)
    assert "event type 'signup' has no attribute 'amount'" in found
