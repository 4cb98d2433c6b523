from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.campaigns.acme import act, campaign, event, faults, lead, on, step

PAID = "2026-03-14T23:30:00Z"


@pytest.mark.parametrize(
    ("token", "field", "value"),
    [
        ("{{ event.amount }}", "total", Decimal("10.00")),
        ("{{event.amount}}", "total", Decimal("10.00")),
        (" {{ event.cds }} ", "orders", 1),
        ("{{ event.cds }}", "total", Decimal(1)),
        ("{{ event.amount }}", "nickname", "10.00"),
        ("{{ event.shop }}", "colour", "red"),
        ("{{ event.shop }}", "notes", "red"),
        ("{{ event.paid_at }}", "last_seen", datetime(2026, 3, 14, 23, 30, tzinfo=UTC)),
        ("{{ event.paid_at }}", "birthday", date(2026, 3, 15)),
        ("{{ event.paid_at }}", "nickname", PAID),
        ("{{ event.occurred_at }}", "birthday", date(2026, 3, 15)),
        ("{{ now }}", "last_seen", datetime(2026, 3, 15, 12, 0, tzinfo=UTC)),
        ("{{ lead.email }}", "nickname", "ann@acme.test"),
        ("{{ lead.phone }}", "nickname", None),
        ("{{ lead.stage }}", "nickname", "vip"),
        ("{{ lead.tags }}", "colours", {"red"}),
    ],
)
def test_a_token_is_a_typed_value(token: str, field: str, value: Any) -> None:
    who = lead(email="ann@acme.test", stage="vip", tags={"red"}, **{field: None})
    who.values.pop(field)

    act(who, "change_field", field=field, value=token, on=event(shop="red", paid_at=PAID))

    assert who.values.get(field) == value


@pytest.mark.parametrize(
    ("token", "field", "fault"),
    [
        ("{{ event.amount }}", "orders", "is of type decimal number; expected whole number"),
        ("{{ lead.newsletter }}", "nickname", "is of type yes or no; expected text, one line"),
        ("{{ lead.birthday }}", "last_seen", "is of type date; expected date and time"),
        ("{{ lead.colours }}", "colour", "is of type several of a list; expected one of a list"),
        ("{{ lead.nope }}", "nickname", "unknown field 'nope'"),
        ("{{ event.nope }}", "nickname", "event type 'purchase' has no attribute 'nope'"),
        ("{{ nope }}", "orders", "is no token; write {{ event.name }}"),
        ("{{ event.cds | plus: 1 }}", "orders", "is no token"),
        ("{{ event.cds }}{{ event.cds }}", "orders", "is no token"),
        ("{{}}", "orders", "is no token"),
    ],
)
def test_a_token_that_cannot_be_is_a_fault(token: str, field: str, fault: str) -> None:
    found = faults(campaign(step("change_field", field=field, value=token)))

    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("raw", "outcome"), [("3", "done"), (3, "done"), ("x", "failed"), ([1], "failed"), (None, "no_op")]
)
def test_an_undeclared_attribute_is_cast_while_running(raw: Any, outcome: str) -> None:
    data = act(lead(), "change_field", field="orders", value="{{ event.n }}", on=event("page_view", n=raw))

    assert data["outcome"] == outcome


def test_an_undeclared_attribute_of_a_closed_type_is_a_fault() -> None:
    document = campaign(step("change_field", field="orders", value="{{ event.n }}"), on=on("signup"))

    assert faults(document) == [
        "steps[0].params.value: event type 'signup' has no attribute 'n'; known: age, email",
    ]


def test_changed_fields_lend_their_type_to_old_and_new() -> None:
    trigger = {"type": "field_changed", "field": "total"}

    assert faults(campaign(step("increment_number", field="total", by="{{ event.new }}"), on=trigger)) == []
    assert "is of type decimal number; expected whole number" in "".join(
        faults(campaign(step("increment_number", field="orders", by="{{ event.new }}"), on=trigger))
    )
