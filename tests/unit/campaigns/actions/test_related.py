"""Rows of tables, opportunities, and objects that belong to a lead."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.campaigns.acme import act, campaign, event, faults, lead, outcomes, record, rulebook, run, step


def test_a_row_of_a_table_fills_fields() -> None:
    who = lead(nickname=" NORTH ")
    into = {"notes": "colour", "orders": "orders"}
    run(rulebook(campaign(step("lookup_value", table="regions", key="{{ lead.nickname }}", into=into))), who)
    assert (who.values["notes"], who.values["orders"]) == ("blue", 3)


def test_a_row_that_is_not_there_is_skipped_or_clears() -> None:
    who = lead(notes="old")
    params = {"table": "regions", "key": "east", "into": {"notes": "colour"}}
    assert act(who, "lookup_value", **params)["reason"] == "missing: regions has no row 'east'"
    act(who, "lookup_value", if_missing="clear", **params)
    assert "notes" not in who.values


def test_a_value_that_does_not_fit_changes_nothing() -> None:
    who = lead(orders=1)
    row = act(who, "lookup_value", table="regions", key="south", into={"orders": "orders", "colour": "colour"})
    assert row["outcome"] == "failed" and row["reason"].startswith("regions: ")
    assert who.values["orders"] == 1


def test_an_opportunity_is_added_changed_and_left() -> None:
    who = lead()
    assert act(who, "link_opportunity", opportunity="o1", op="update")["outcome"] == "skipped"
    assert act(who, "link_opportunity", opportunity="o1", op="remove")["outcome"] == "no_op"

    act(who, "link_opportunity", opportunity="o1", role="buyer", amount="{{ event.amount }}")
    assert record(who, "opportunity", "o1") == {"role": "buyer", "amount": "10.00"}
    act(who, "link_opportunity", opportunity="o1", op="update", stage="won")
    assert record(who, "opportunity", "o1") == {"role": "buyer", "amount": "10.00", "stage": "won"}
    act(who, "link_opportunity", opportunity="o1", op="remove")
    assert record(who, "opportunity", "o1") is None


def test_a_changed_opportunity_is_heard() -> None:
    hears = campaign(
        step("change_tags", add=["hot"]),
        on={"type": "opportunity_changed", "change": "add"},
        filter={"event": "stage", "operator": "is", "value": "won"},
    )
    moves = campaign(step("link_opportunity", opportunity="o1", stage="won"))
    assert outcomes(run(rulebook(moves, hears), lead()))[-1] == ("one", "change_tags", "done")


def test_an_object_keeps_what_is_not_said_anew() -> None:
    who = lead(birthday=date(2020, 2, 29))
    bought = {"bought": "{{ lead.birthday }}", "seats": 5}

    act(who, "upsert_related_record", type="car", key="V-1", fields=bought, relation="owner")
    assert record(who, "object", "car:V-1") == {"fields": {"bought": "2020-02-29", "seats": 5}, "relation": "owner"}
    act(who, "upsert_related_record", type="car", key="V-1", fields={"plate": "{{ event.shop }}!", "seats": None},
        on=event(shop="x"))  # fmt: skip
    assert record(who, "object", "car:V-1") == {"fields": {"bought": "2020-02-29", "plate": "x!"}, "relation": "owner"}

    act(who, "delete_related_record", type="car", key="V-1")
    assert record(who, "object", "car:V-1") is None
    assert act(who, "delete_related_record", type="car", key="V-1")["outcome"] == "no_op"


def test_a_changed_object_is_heard_by_its_type() -> None:
    hears = campaign(step("change_tags", add=["hot"]), on={"type": "object_changed", "object": "car"})
    keeps = campaign(step("upsert_related_record", type="car", key="V-1", fields={"seats": 2}))
    assert outcomes(run(rulebook(keeps, hears), lead()))[-1] == ("one", "change_tags", "done")


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("lookup_value", {"table": "regions", "key": "x", "into": {"notes": "size"}}, "has no column 'size'"),
        ("lookup_value", {"table": "regions", "key": "x", "into": {"nope": "colour"}}, "unknown field 'nope'"),
        ("lookup_value", {"table": "region", "key": "x", "into": {"notes": "colour"}}, "did you mean 'regions'?"),
        ("upsert_related_record", {"type": "car", "key": "x", "fields": {"wheels": 4}}, "'car' has no field 'wheels'"),
        ("upsert_related_record", {"type": "car", "key": "x", "fields": {"seats": "many"}}, "expected a whole number"),
        ("upsert_related_record", {"type": "car", "key": None, "fields": {"seats": 1}}, "must not be null"),
        ("link_opportunity", {"opportunity": "o1", "op": "win"}, "expected one of add, update, remove"),
    ],
)
def test_bad_parameters_are_faults(action: str, params: dict[str, object], fault: str) -> None:
    (found,) = faults(campaign(step(action, **params)))
    assert fault in found
