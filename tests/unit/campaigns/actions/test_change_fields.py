from __future__ import annotations

from tests.unit.campaigns.acme import campaign, event, faults, lead, outcomes, rulebook, run, step


def test_each_field_takes_its_value_with_a_row_of_its_own() -> None:
    who = lead(nickname="Bob", orders=1)

    rows = run(
        rulebook(campaign(step("change_fields", fields={"nickname": "Ann", "orders": 1, "notes": "{{ event.shop }}"}))),
        who,
        event(shop="web"),
    )

    assert who.values == {"nickname": "Ann", "orders": 1, "notes": "web"}
    assert [row.data["field"] for row in rows[1:]] == ["nickname", "notes"]


def test_when_one_value_does_not_fit_none_is_written() -> None:
    who = lead(notes="x" * 300)

    rows = run(rulebook(campaign(step("change_fields", fields={"orders": 1, "nickname": "{{ lead.notes }}"}))), who)

    assert outcomes(rows) == [("one", "change_data_value", "failed")]
    assert "orders" not in who.values


def test_nothing_to_change_is_one_no_op() -> None:
    rows = run(rulebook(campaign(step("change_fields", fields={"orders": 1, "total": None}))), lead(orders=1))

    assert rows[1].data == {"outcome": "no_op", "fields": ["orders", "total"]}


def test_each_field_at_fault_is_named() -> None:
    found = faults(campaign(step("change_fields", fields={"orders": "x", "nope": 1, "crm_id": "y"})))

    assert found == [
        "steps[0].params.fields.orders: expected a whole number, got 'x'",
        "steps[0].params.fields.nope: unknown field 'nope'; did you mean 'notes'?",
        "steps[0].params.fields.crm_id: field 'crm_id' is read-only",
    ]
