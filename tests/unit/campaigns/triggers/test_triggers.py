from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.campaigns.acme import campaign, event, faults, lead, on, rulebook, run, step

COUNT = step("change_stage", "count", stage="vip")


def heard(trigger: dict[str, Any], *steps: dict[str, Any], **values: Any) -> bool:
    """Whether the trigger hears what these steps, run by a purchase, do to a lead."""
    who = lead(**values)
    run(rulebook(campaign(*steps), campaign(COUNT, on=trigger)), who)
    return who.values.get("stage") == "vip"


def purchase_heard(trigger: dict[str, Any], **data: Any) -> bool:
    who = lead()
    run(rulebook(campaign(COUNT, on=trigger)), who, event(**data))
    return who.values.get("stage") == "vip"


def test_an_event_is_heard_by_its_type() -> None:
    assert purchase_heard(on("purchase"))
    assert not purchase_heard(on("signup"))


@pytest.mark.parametrize(
    ("constraint", "matches"),
    [
        ({"attribute": "amount", "operator": "at_least", "value": "10"}, True),
        ({"attribute": "amount", "operator": "greater_than", "value": "10"}, False),
        ({"attribute": "shop", "operator": "is", "value": "WEB"}, True),
        ({"attribute": "paid_at", "operator": "is_empty"}, True),
        ({"attribute": "occurred_at", "operator": "before", "value": "2026-01-01"}, False),
    ],
)
def test_an_event_is_heard_where_its_attributes_match(constraint: dict[str, Any], matches: bool) -> None:
    assert purchase_heard(on("purchase", where=[constraint]), shop="web") is matches


def test_every_constraint_must_match() -> None:
    low = {"attribute": "amount", "operator": "at_least", "value": 1}
    high = {"attribute": "amount", "operator": "at_least", "value": 100}

    assert not purchase_heard(on("purchase", where=[low, high]))


@pytest.mark.parametrize(
    ("ends", "matches"),
    [
        ({}, True),
        ({"from": "1.50"}, True),
        ({"from": 1.5, "to": "2.5"}, True),
        ({"to": 3}, False),
        ({"from": None}, False),
    ],
)
def test_a_field_change_is_heard_by_its_ends(ends: dict[str, Any], matches: bool) -> None:
    change = step("change_field", field="total", value="2.50")

    assert heard({"type": "field_changed", "field": "total", **ends}, change, total=Decimal("1.5")) is matches


def test_a_field_that_becomes_empty_is_heard() -> None:
    change = step("clear_fields", fields=["nickname"])

    assert heard({"type": "field_changed", "field": "nickname", "to": None}, change, nickname="Ann")


def test_texts_are_compared_blind_to_case() -> None:
    change = step("change_field", field="nickname", value="ANN")

    assert heard({"type": "field_changed", "field": "nickname", "to": "Ann"}, change)


def test_another_field_is_not_heard() -> None:
    change = step("change_field", field="total", value="2.50")

    assert not heard({"type": "field_changed", "field": "orders"}, change)


@pytest.mark.parametrize(
    ("constraint", "old", "amount", "matches"),
    [
        ({}, 0, 5, True),
        ({"crosses": 50}, 40, 10, True),
        ({"crosses": 50}, 50, 10, False),
        ({"crosses": 50}, 60, -20, False),
        ({"at_least": 50}, 60, 5, True),
        ({"at_least": 50}, 60, -20, False),
    ],
)
def test_a_change_of_score_is_heard_by_its_level(
    constraint: dict[str, Any], old: int, amount: int, matches: bool
) -> None:
    change = step("change_score", amount=amount)

    assert heard({"type": "score_changed", **constraint}, change, score=old) is matches


@pytest.mark.parametrize(("tag", "matches"), [("hot", True), (None, True), ("cold", False)])
def test_a_tag_is_heard_when_it_is_added(tag: str | None, matches: bool) -> None:
    trigger = {"type": "tag_added"} | ({"tag": tag} if tag else {})

    assert heard(trigger, step("change_tags", add=["hot"], remove=["cold"])) is matches


@pytest.mark.parametrize(("key", "matches"), [("vips", True), (None, True), ("news", False)])
def test_a_list_is_heard_when_it_is_joined(key: str | None, matches: bool) -> None:
    trigger = {"type": "list_joined"} | ({"list": key} if key else {})

    assert heard(trigger, step("add_to_list", list="vips")) is matches


def test_leaving_a_list_is_not_joining_it() -> None:
    who = lead(lists={"vips"})
    run(rulebook(campaign(step("remove_from_list", list="vips")), campaign(COUNT, on={"type": "list_joined"})), who)

    assert "stage" not in who.values


@pytest.mark.parametrize(
    ("trigger", "fault"),
    [
        (on(3), "triggers[0].event: expected the name of an event type, got 3"),
        (on("purchase", where={}), "triggers[0].where: expected a list of at most 200 constraints"),
        (on("purchase", where=[{}]), "triggers[0].where[0]: expected an object with attribute, operator and value"),
        (
            on("purchase", where=[{"attribute": "amuont", "operator": "is", "value": 1}]),
            "triggers[0].where[0].attribute: event type 'purchase' has no attribute 'amuont'",
        ),
        ({"type": "field_changed"}, "triggers[0].field: expected the name of a field"),
        ({"type": "field_changed", "field": "tags"}, "is no plain field; use the trigger tag_added or list_joined"),
        ({"type": "field_changed", "field": "stage", "to": "x"}, "triggers[0].to: 'x' is not among the options"),
        ({"type": "score_changed", "crosses": "x"}, "triggers[0].crosses: expected a whole number, got 'x'"),
        ({"type": "tag_added", "tag": "ho"}, "triggers[0].tag: unknown tag 'ho'; did you mean 'hot'?"),
        ({"type": "list_joined", "list": []}, "triggers[0].list: expected the name of a list, got a list"),
        ("event", "triggers[0]: expected an object with a type"),
        ({"type": "lead_created", "id": "a b"}, "triggers[0].id: expected 1 to 63 letters, digits, - and _, got 'a b'"),
    ],
)  # fmt: skip
def test_a_trigger_at_fault_is_named(trigger: Any, fault: str) -> None:
    assert fault in faults(campaign(COUNT, on=trigger))[0]


def test_the_id_of_a_trigger_is_its_own() -> None:
    asked, created = {"type": "campaign_requested", "id": "a"}, {"type": "lead_created", "id": "b"}

    assert faults({"triggers": [asked, created], "steps": [COUNT]}) == []
    assert faults({"triggers": [asked, created | {"id": "a"}], "steps": [COUNT]}) == [
        "triggers[1].id: 'a' is the id of triggers[0] already; give each its own"
    ]
