from __future__ import annotations

from typing import Any

import pytest

from campaigns.exchange.requirements import missing, requirements_of
from campaigns.language.schema import FieldSpec, TenantSchema
from tests.unit.campaigns.acme import ACME, campaign, faults, on, schema, step

RICH = campaign(
    step("change_field", "a", field="nickname", value="{{ lead.colour }}"),
    step("change_stage", "b", stage="vip"),
    step("change_owner", "c", owner="ann@acme.test"),
    step("add_to_list", "d", list="vips"),
    step("change_tags", "e", add=["hot"]),
    step("change_program_status", "f", program="webinar", status="invited"),
    step("request_campaign", "g", campaign="welcome"),
    on=on("purchase", where=[{"attribute": "amount", "operator": "at_least", "value": 1}]),
    filter={
        "all": [
            {"field": "orders", "operator": "at_least", "value": 1},
            {"field": "tags", "operator": "contains_any_of", "value": ["cold"]},
            {"field": "lists", "operator": "contains_any_of", "value": ["news"]},
            {"field": "stage", "operator": "is", "value": "customer"},
        ]
    },
)
EMPTY = TenantSchema.build("zeta")


def test_all_that_a_campaign_refers_to_is_named() -> None:
    assert faults(RICH) == []

    found = requirements_of(RICH, ACME, key="c1")

    assert found.pop("definitions")["program"]["webinar"]["spec"]["fields"] == ["seat", "diet"]
    assert found.pop("events")["purchase"]["attributes"]["amount"] == {"type": "decimal", "required": True}
    assert found == {
        "fields": {
            "colour": {"label": "Favourite colour", "type": "picklist", "options": ["blue", "green", "red"]},
            "nickname": {"label": "Nickname", "type": "string"},
            "orders": {"label": "Orders", "type": "integer"},
        },
        "lists": ["news", "vips"],
        "stages": ["customer", "vip"],
        "tags": ["cold", "hot"],
        "owners": ["ann@acme.test"],
        "campaigns": ["welcome"],
    }


def test_what_steps_within_steps_and_their_conditions_refer_to_is_named_too() -> None:
    case = {
        "label": "buyers",
        "when": {"field": "total", "operator": "at_least", "value": 1},
        "steps": [step("change_stage", "stage", stage="vip")],
    }
    document = campaign(step("branch", cases=[case], default=[step("add_to_list", "list", list="news")]))
    assert faults(document) == []

    found = requirements_of(document, ACME)

    assert (list(found["fields"]), found["stages"], found["lists"]) == (["total"], ["vip"], ["news"])


def test_what_is_not_referred_to_is_not_named() -> None:
    assert requirements_of(campaign(step("change_score", amount=1), on={"type": "lead_created"}), ACME) == {}


def test_a_campaign_that_requests_itself_needs_no_other() -> None:
    document = campaign(step("request_campaign", campaign="welcome"))

    assert "campaigns" not in requirements_of(document, ACME, key="welcome")


def test_all_is_there_where_it_came_from_and_each_thing_is_missed_elsewhere() -> None:
    needed = requirements_of(RICH, ACME)

    assert missing(needed, ACME) == []
    assert {str(fault).partition(":")[0] for fault in missing(needed, EMPTY)} == {
        "requires.fields.colour", "requires.fields.nickname", "requires.fields.orders", "requires.events.purchase",
        "requires.definitions.program.webinar", "requires.lists[0]", "requires.lists[1]", "requires.stages[0]",
        "requires.stages[1]", "requires.tags[0]", "requires.tags[1]", "requires.owners[0]", "requires.campaigns[0]",
    }  # fmt: skip


def test_another_type_is_a_fault() -> None:
    other = schema(fields=[FieldSpec("orders", "Orders", "string")])

    assert "requires.fields.orders: is of type 'string' here, 'integer' is needed" in [
        str(fault) for fault in missing(requirements_of(RICH, ACME), other)
    ]


@pytest.mark.parametrize(
    ("requires", "fault"),
    [
        ([], "requires: expected an object of what the campaign refers to, got a list"),
        ({"feilds": {}}, "requires.feilds: has no meaning here; did you mean 'fields'?"),
        ({"fields": []}, "requires.fields: expected an object of objects, got a list"),
        ({"fields": {"a": 1}}, "requires.fields: expected an object of objects, got an object"),
        ({"lists": {}}, "requires.lists: expected a list of names, got an object"),
        ({"definitions": {"program": []}}, "requires.definitions: expected an object of objects, got an object"),
        ({"events": {"purchase": {"attributes": []}}}, "requires.events.purchase.attributes: expected an object"),
        ({"events": {"purchase": {"attributes": {"x": {}}}}}, "requires.events.purchase.attributes.x: is not declared"),
        (
            {"events": {"purchase": {"attributes": {"cds": {"type": "date"}}}}},
            "requires.events.purchase.attributes.cds: is of type 'integer' here, 'date' is needed",
        ),
    ],
)
def test_requirements_at_fault_are_named(requires: Any, fault: str) -> None:
    assert str(missing(requires, ACME)[0]).startswith(fault)


def test_what_is_within_groups_undo_steps_and_variants_is_needed_too() -> None:
    goal = {"type": "goal_reached", "goal": "first-order"}
    day = {"amount": 1, "unit": "days"}
    document = campaign(
        step("transaction_group", "group", steps=[step("add_to_list", "in", list="vips")]),
        step("checkpoint", "mark", label="x", undo=[step("change_tags", "back", remove=["hot"])]),
        step("ab_test", "test", metric=goal, within=day, decide_after=day, variants=[
            {"label": "a", "steps": [step("change_stage", "stage", stage="vip")]}, {"label": "b", "steps": []}]),
        step("rotate_owner", "turn", pool="days", on_empty=[step("change_field", "f", field="orders", value=1)]),
    )  # fmt: skip
    assert faults(document) == []

    found = requirements_of(document, ACME, key="c1")

    assert (found["lists"], found["tags"], found["stages"], list(found["fields"])) == (
        ["vips"], ["hot"], ["vip"], ["orders"],
    )  # fmt: skip
    assert {kind: list(one) for kind, one in found["definitions"].items()} == {
        "calendar": ["holidays"], "goal": ["first-order"], "pool": ["days"],
    }  # fmt: skip
