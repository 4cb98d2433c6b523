"""The companies that a lead belongs to, and what is kept of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from campaigns.language.companies import COMPANIES_LIMIT, companies
from campaigns.language.lead import LeadState
from campaigns.language.shared import COMPANY, Shared
from tests.unit.campaigns.acme import act, campaign, event, faults, lead, outcomes, record, rulebook, run, step


def worker(*names: str, **values: Any) -> LeadState:
    """A lead at these companies, the first of them the main one; Globex and Initech exist."""
    who = lead(**values)
    who.shared = shared()
    for name in names:
        who.records["company", name] = {"since": "2026-01-01T00:00:00+00:00"}
        who.values.setdefault("company", name)
    return who


def shared() -> Shared:
    return Shared({(COMPANY, name): {"fields": {}, "score": 10} for name in ("Globex", "Initech")})


def kept(who: LeadState, name: str = "Globex") -> dict[str, Any] | None:
    return who.shared.get(COMPANY, name)


def test_a_lead_joins_a_company_which_becomes_its_main_one() -> None:
    who = worker()

    act(who, "add_to_company", company="{{ event.shop }}", primary=False, on=event(shop="Globex"))
    assert companies(who) == ["Globex"] and "company" not in who.values
    row = act(who, "add_to_company", company="Globex")

    assert who.values["company"] == "Globex"
    assert (row["field"], row["old"], row["new"]) == ("company", None, "Globex")
    assert act(who, "add_to_company", company="Globex")["outcome"] == "no_op"


def test_who_had_a_main_company_belongs_to_both() -> None:
    who = worker(company="Initech")  # from before there were records of it
    run(rulebook(campaign(step("add_to_company", company="Globex"))), who)
    assert companies(who) == ["Globex", "Initech"]


def test_a_company_that_is_not_there_is_made_only_if_wanted() -> None:
    who = worker()
    assert act(who, "add_to_company", company="Hooli")["reason"].startswith("missing: there is no company Hooli")
    run(rulebook(campaign(step("add_to_company", company="Hooli", create_missing=True))), who)
    assert companies(who) == ["Hooli"]
    assert (COMPANY, "Hooli") in who.shared.made


def test_without_a_name_nothing_is_joined_or_left() -> None:
    for action in ("add_to_company", "remove_from_company"):
        assert act(worker(), action, company="{{ event.shop }}")["reason"] == "missing: there is no name of a company"


def test_a_lead_belongs_to_a_bounded_number_of_companies() -> None:
    who = worker(*(f"company {number}" for number in range(COMPANIES_LIMIT)))
    assert act(who, "add_to_company", company="Globex")["reason"] == "policy: the lead belongs to 50 companies already"


def test_a_lead_leaves_a_company() -> None:
    who = worker("Globex", "Initech")

    assert act(who, "remove_from_company", company="Initech")["outcome"] == "done"
    run(rulebook(campaign(step("remove_from_company", company="Globex"))), who)

    assert companies(who) == []
    assert record(who, "company", "Globex") is None
    assert act(who, "remove_from_company", company="Globex")["outcome"] == "no_op"


def test_the_main_company_is_updated_for_all_its_leads() -> None:
    who, colleague = worker("Globex", birthday=date(2020, 2, 29)), worker("Globex")
    colleague.shared = who.shared

    row = act(who, "update_company", fields={"size": "{{ event.cds }}", "since": "{{ lead.birthday }}"})
    assert (row["old"], row["new"]) == ({"size": None, "since": None}, {"size": 1, "since": "2020-02-29"})
    assert act(colleague, "update_company", fields={"size": 1})["outcome"] == "no_op"
    act(colleague, "update_company", fields={"since": None, "city": "Bern"})

    assert kept(who) == {"fields": {"size": 1, "city": "Bern"}, "score": 10}


def test_without_a_main_company_there_is_nothing_to_update() -> None:
    assert act(worker(), "update_company", fields={"size": 1})["reason"] == "missing: the lead has no main company"


def test_scores_of_all_its_companies_change_or_of_the_main_one() -> None:
    who = worker("Globex", "Initech")

    rows = run(rulebook(campaign(step("change_company_score", amount="{{ event.cds }}", reason="bought"))), who)
    act(who, "change_company_score", amount=100, max=50, companies="primary")

    assert [row.data["new"] for row in rows if row.step] == [11, 11]
    assert rows[1].data == {
        "company": "Globex", "old": 10, "new": 11, "change": 1, "reason": "bought", "group": 1, "outcome": "done",
    }  # fmt: skip
    assert (kept(who)["score"], kept(who, "Initech")["score"]) == (50, 11)
    assert act(who, "change_company_score", amount=50, op="set", companies="primary")["outcome"] == "no_op"


def test_a_score_without_a_number_a_company_or_room_is_told() -> None:
    assert act(worker("Globex"), "change_company_score", amount="{{ lead.orders }}")["outcome"] == "skipped"
    assert act(worker(), "change_company_score", amount=1)["reason"] == "missing: the lead belongs to no company"
    assert act(worker("Gone"), "change_company_score", amount=1)["reason"] == "missing: the lead belongs to no company"
    assert "32 bits" in act(worker("Globex"), "change_company_score", amount=2**40)["reason"]


@pytest.mark.parametrize(
    ("change", "action", "params"),
    [
        ("joined", "add_to_company", {"company": "Initech", "primary": False}),
        ("left", "remove_from_company", {"company": "Globex"}),
        ("fields", "update_company", {"fields": {"size": 3}}),
        ("score", "change_company_score", {"amount": 3}),
    ],
)
def test_the_lead_hears_of_a_change(change: str, action: str, params: dict[str, Any]) -> None:
    hears = campaign(
        step("change_field", field="nickname", value="{{ event.company }}"),
        on={"type": "companies_changed", "change": change},
    )
    who = worker("Globex")
    run(rulebook(campaign(step(action, **params)), hears), who)
    assert who.values["nickname"] == params.get("company", "Globex")


def test_what_changes_nothing_is_not_heard() -> None:
    hears = campaign(step("change_tags", add=["hot"]), on={"type": "companies_changed"})
    same = campaign(step("change_company_score", amount=0))
    assert outcomes(run(rulebook(same, hears), worker("Globex"))) == [("one", "company_score_changed", "no_op")]


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("add_to_company", {"company": None}, "must not be null"),
        ("add_to_company", {"company": "x", "primary": "maybe"}, "expected true or false"),
        ("remove_from_company", {"company": None}, "must not be null"),
        ("update_company", {"fields": {}}, "expected an object of 1 to 100 fields"),
        ("update_company", {"fields": {"sise": 1}}, "companies have no field 'sise'; did you mean 'size'?"),
        ("update_company", {"fields": {"size": "many"}}, "expected a whole number"),
        ("change_company_score", {"amount": None}, "must not be null"),
        ("change_company_score", {"amount": 1, "companies": "none"}, "expected one of all, primary"),
    ],
)
def test_bad_parameters_are_faults(action: str, params: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step(action, **params)))
    assert fault in found


def test_a_trigger_on_another_change_is_a_fault() -> None:
    on = {"type": "companies_changed", "change": "sold"}
    assert faults(campaign(step("change_tags", add=["hot"]), on=on)) == [
        "triggers[0].change: expected one of joined, left, fields, score, got 'sold'"
    ]
