from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from campaigns.exchange.requirements import requirements_of
from campaigns.language.definition import read_definition
from campaigns.language.hookevents import applies, key_at, take
from campaigns.language.payload import find, is_path
from tests.unit.campaigns.acme import campaign, defined, event, faults, lead, rulebook, run, schema, step

SHOP: dict[str, Any] = {
    "lead": "customer.id",
    "id": "id",
    "attributes": {
        "amount": {"path": "total", "type": "decimal", "required": True},
        "sku": {"path": "lines[0].sku"},
        "paid": {"path": "paid", "type": "boolean"},
    },
    "conditions": [{"path": "kind", "value": "order"}, {"path": "test", "operator": "missing"}],
}
HOOKS = {"shop": defined("hook", "shop", **SHOP), "other": defined("hook", "other", lead="id")}
TENANT = schema(definitions={"hook": HOOKS})
COUNT = step("change_score", amount=1)
PAYLOAD = {"id": 7, "kind": "order", "total": "12.50", "customer": {"id": 31}, "lines": [{"sku": "a"}, {"sku": "b"}]}


def heard(trigger: dict[str, Any], hook: str = "shop", payload: Any = PAYLOAD) -> bool:
    data, found = take(HOOKS[hook], payload)
    assert found == []
    who = lead()
    book = rulebook(campaign(COUNT, on={"type": "webhook_received", **trigger}), tenant=TENANT)
    run(book, who, event("hook.received", **{name: str(value) for name, value in data.items()}))
    return who.values.get("score") == 1


@pytest.mark.parametrize(
    ("trigger", "matches"),
    [
        ({}, True),
        ({"hook": "shop"}, True),
        ({"hook": "other"}, False),
        ({"hook": "shop", "where": [{"attribute": "amount", "operator": "greater_than", "value": 9}]}, True),
        ({"hook": "shop", "where": [{"attribute": "amount", "operator": "greater_than", "value": 13}]}, False),
        ({"hook": "shop", "where": [{"attribute": "sku", "operator": "is", "value": "A"}]}, True),
    ],
)
def test_what_arrives_is_heard_by_its_hook_and_its_typed_attributes(trigger: dict[str, Any], matches: bool) -> None:
    assert heard(trigger) is matches


def test_a_token_reads_what_arrived() -> None:
    total = step("change_field", field="total", value="{{ event.amount }}")
    who = lead()
    book = rulebook(campaign(total, on={"type": "webhook_received", "hook": "shop"}), tenant=TENANT)
    run(book, who, event("hook.received", hook="shop", amount="12.50"))

    assert who.values["total"] == Decimal("12.50")


def test_what_a_hook_does_not_declare_is_not_read() -> None:
    trigger = {"type": "webhook_received", "hook": "shop"}
    wrong = campaign(step("change_field", field="total", value="{{ event.price }}"), on=trigger)

    assert "has no attribute 'price'" in faults(wrong, TENANT)[0]
    assert faults(campaign(COUNT, on=trigger | {"hook": "shp"}), TENANT) == [
        "triggers[0].hook: unknown hook 'shp'; did you mean 'shop'?"
    ]


def test_a_campaign_requires_its_hook() -> None:
    document = campaign(COUNT, on={"type": "webhook_received", "hook": "shop"})

    assert list(requirements_of(document, TENANT)["definitions"]["hook"]) == ["shop"]


@pytest.mark.parametrize(
    ("change", "met"),
    [({}, True), ({"kind": "refund"}, False), ({"kind": None}, False), ({"test": True}, False), ({"test": None}, True)],
)
def test_a_payload_that_does_not_meet_the_conditions_is_told_apart(change: dict[str, Any], met: bool) -> None:
    assert applies(HOOKS["shop"].spec, PAYLOAD | change) is met


@pytest.mark.parametrize(
    ("operator", "value", "met"),
    [
        ("is", 1, True),
        ("is", True, False),
        ("is_not", 2, True),
        ("is_any_of", [3, 1], True),
        ("is_any_of", [], False),
        ("exists", None, True),
        ("missing", None, False),
    ],
)
def test_each_operator_of_conditions(operator: str, value: Any, met: bool) -> None:
    hook = defined("hook", "x", lead="id", conditions=[{"path": "n", "operator": operator, "value": value}])

    assert applies(hook.spec, {"n": 1}) is met


def test_every_fault_of_a_payload_is_named_by_its_path() -> None:
    data, found = take(HOOKS["shop"], {"lines": [{"sku": 5}], "paid": "maybe"})

    assert [fault.path for fault in found] == ["total", "lines[0].sku", "paid"]
    assert data == {"hook": "shop"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", 1),
        ("b.c", 2),
        ("d[1]", 4),
        ("d[9]", None),
        ("e[0].f[0]", 5),
        ("a.b", None),
        ("x.y[3].z", None),
        ("d.x", None),
    ],
)
def test_values_are_found_by_their_paths(path: str, value: Any) -> None:
    assert is_path(path)
    assert find({"a": 1, "b": {"c": 2}, "d": [3, 4], "e": [{"f": [5]}]}, path) == value


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "[0]", "a b", "a" * 201])
def test_what_is_no_path(path: str) -> None:
    assert not is_path(path)


@pytest.mark.parametrize(("raw", "key"), [("a", "a"), (7, "7"), (True, None), (1.5, None), ([], None), (None, None)])
def test_a_key_is_text_or_a_whole_number(raw: Any, key: str | None) -> None:
    assert key_at({"id": raw}, "id") == key


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, ""),
        ({"lead": "a..b"}, "lead"),
        ({"lead": "a", "id": ""}, "id"),
        ({"lead": "a", "attributes": {"x": {"path": "a["}}}, "attributes.x.path"),
        ({"lead": "a", "attributes": {"x": {"path": "a", "type": "money"}}}, "attributes.x.type"),
        ({"lead": "a", "attributes": {"hook": {"path": "a"}}}, "attributes.hook"),
        ({"lead": "a", "attributes": {"a b": {"path": "a"}}}, "attributes.a b"),
        ({"lead": "a", "conditions": [{"path": "", "value": 1}]}, "conditions[0].path"),
        ({"lead": "a", "conditions": [{"path": "a", "operator": "is_any_of", "value": 1}]}, "conditions[0].value"),
        ({"lead": "a", "conditions": [{"path": "a", "operator": "like"}]}, "conditions[0].operator"),
        ({"lead": "a", "seconds": 5}, "seconds"),
        ({"lead": "a", "signs": "body"}, "id"),
        ({"lead": "a", "secrt": "ours"}, ""),
    ],
)
def test_a_hook_at_fault_is_named(spec: dict[str, Any], path: str) -> None:
    _, found = read_definition("hook", spec)

    assert [fault.path for fault in found][:1] == [path]
