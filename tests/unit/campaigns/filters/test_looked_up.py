"""Conditions that look beyond the lead: campaigns it is inside or has been through, its company, other leads."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.filters.companies import LOOK as COMPANY
from campaigns.language.activity import ActivityRow
from campaigns.language.history import Look, Remembered
from campaigns.language.lead import LeadState
from campaigns.language.sqltext import TRUE
from tests.unit.campaigns.acme import NOW, campaign, event, faults, lead, on, rulebook, run, schema, step
from tests.unit.campaigns.filters.matching import fault, matches

TENANT = schema(campaign_ids={"welcome": 7, "old": 8})
COUNT = step("change_score", amount=1)


def at_work(**known: Any) -> LeadState:
    who = lead(company="Acme")
    who.history = {COMPANY: {"name": "Acme", "fields": {"size": 50, "since": "2020-01-01"}, "score": 7, **known}}
    return who


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"company_field": "size", "operator": "at_least", "value": 50}, True),
        ({"company_field": "size", "operator": "at_least", "value": 51}, False),
        ({"company_field": "score", "operator": "is", "value": 7}, True),
        ({"company_field": "since", "operator": "before", "value": "2021-01-01"}, True),
        ({"company_field": "city", "operator": "is", "value": "Graz"}, False),
        ({"company_field": "city", "operator": "is_not", "value": "Graz"}, True),
        ({"company_field": "city", "operator": "is_not", "value": "Graz", "must_have_value": True}, False),
    ],
)
def test_a_company_is_asked_for_its_fields_and_its_score(condition: Any, found: bool) -> None:
    assert matches(condition, at_work()) is found


def test_of_no_company_and_of_another_one_nothing_is_known() -> None:
    big = {"company_field": "size", "operator": "at_least", "value": 1}
    assert not matches(big)
    assert not matches(big, at_work(name="Zeta"))


def test_what_a_step_made_of_the_company_is_seen_by_the_next_campaign() -> None:
    grown = {"company_field": "size", "operator": "is", "value": 60}
    growing = campaign(step("update_company", fields={"size": 60}), on=on("signup"))
    book = rulebook(growing, campaign(COUNT, filter=grown, on=on("signup")))
    who = at_work()
    who.shared.records["company_state", "Acme"] = {"fields": {"size": 50}, "score": 7}

    run(book, who, event("signup", email="a@b.test"))

    assert who.values["score"] == 1


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("email", "duplicate:email"),
        (["phone"], "duplicate:phone"),
        (["last_name", "first_name", "company"], "duplicate:company first_name last_name"),
        (["nickname", "company", "colour", "notes", "stage"], "duplicate:colour company nickname notes stage"),
    ],
)
def test_a_duplicate_is_one_that_is_stored(asked: Any, name: str) -> None:
    fields = asked if isinstance(asked, list) else [asked]
    for changed, found in ((set(), True), ({"score"}, True), ({fields[-1]}, False)):
        who = lead()
        who.history = {Look(name, TRUE): True}
        who.changed |= changed
        assert matches({"duplicate": asked}, who) is found
    assert matches({"duplicate": asked, "operator": "not_in"})


def test_who_rests_in_a_campaign_is_inside_at_its_step() -> None:
    wait = step("wait_duration", "wait", wait={"amount": 1, "unit": "days"})
    at_step = {"campaign": "welcome", "operator": "in", "steps": ["wait"]}
    elsewhere = {"campaign": "welcome", "operator": "not_in", "steps": ["other"]}
    ids = schema(campaign_ids={"welcome": 1})
    asking = campaign(COUNT, filter={"all": [at_step, elsewhere]}, on=on("page_view"))
    book = rulebook(campaign(wait, on=on("signup")), asking, tenant=ids)
    who = lead()

    run(book, who, event("page_view", id="before"))
    assert "score" not in who.values
    run(book, who, event("signup", id="in", email="a@b.test"), event("page_view", id="after"))
    assert who.values["score"] == 1


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"operator": "been"}, True),
        ({"operator": "not_been"}, False),
        ({"operator": "been", "count": {"at_least": 2}}, False),
        ({"operator": "been", "campaign": "old"}, False),
        ({"operator": "been", "last": {"operator": "in_past", "value": {"amount": 1, "unit": "days"}}}, True),
    ],
)
def test_who_had_something_done_by_a_campaign_has_been_through_it(more: dict[str, Any], found: bool) -> None:
    who = lead()
    done, skipped = ({"outcome": name} for name in ("done", "skipped"))
    rows = [("add_note", 7, done), ("add_note", 7, skipped), ("add_note", 8, skipped), ("add_note", None, done)]
    who.history = Remembered(ActivityRow(7, NOW, kind, id, 1, "one", "", data) for kind, id, data in rows)
    assert matches({"campaign": "welcome", **more}, who, TENANT) is found


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"company_field": "colour", "operator": "is", "value": 1}, "filter.company_field: unknown field of companies"),
        ({"company_field": "size", "operator": "is", "value": "big"}, "filter.value: expected a whole number"),
        ({"company_field": "size", "operator": "is", "value": "{{ event.cds }}"}, "filter.value: histories are asked"),
        ({"duplicate": "nickname"}, "filter.duplicate: among all leads only these are looked up: email, phone, first_"),
        ({"duplicate": ["last_name", "stage"]}, "filter.duplicate: among all leads only these are looked up: email, "),
        ({"duplicate": ["email", "orders"]}, "filter.duplicate[1]: 'orders' is whole number; only text is compared"),
        ({"duplicate": ["email", "shoe"]}, "filter.duplicate[1]: unknown field 'shoe'"),
        ({"duplicate": 7}, "filter.duplicate: expected the name of a field"),
        ({"duplicate": []}, "filter.duplicate: expected a field, or a list of at most 5"),
        ({"campaign": "spring"}, "filter.campaign: unknown campaign 'spring'"),
        ({"campaign": "welcome", "operator": "is"}, "filter.operator: expected in or not_in"),
        ({"campaign": "welcome", "steps": []}, "filter.steps: expected the id of a step"),
        ({"campaign": "welcome", "operator": "been", "steps": ["a"]}, "filter.steps: has no meaning here"),
        ({"campaign": "welcome", "operator": "been", "last_is": {}}, "filter.last_is: has no meaning here"),
    ],
)
def test_a_condition_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)


def test_a_company_that_another_campaign_changes_is_read() -> None:
    asked = {"company_field": "size", "operator": "is_not_empty"}
    assert faults(campaign(COUNT, filter=asked), TENANT) == []
