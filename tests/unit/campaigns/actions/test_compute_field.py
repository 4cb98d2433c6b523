from __future__ import annotations

from decimal import Decimal

from tests.unit.campaigns.acme import act, lead


def test_the_field_takes_the_value_of_the_expression() -> None:
    who = lead(total=Decimal("10.50"), orders=3)

    data = act(who, "compute_field", field="total", expression="(lead.total ?? 0) / (lead.orders ?? 0)")

    assert data == {"field": "total", "old": "10.50", "new": "3.50", "outcome": "done"}


def test_a_division_by_zero_clears_the_field() -> None:
    who = lead(total=Decimal("10.50"), orders=0)

    act(who, "compute_field", field="total", expression="(lead.total ?? 0) / (lead.orders ?? 0)")

    assert "total" not in who.values
