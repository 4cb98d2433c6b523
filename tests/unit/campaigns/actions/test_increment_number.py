from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.campaigns.acme import act, event, lead


@pytest.mark.parametrize(
    ("field", "old", "params", "new"),
    [
        ("orders", 2, {"by": 1}, 3),
        ("orders", None, {"by": 1}, 1),
        ("orders", None, {"by": 1, "base": 100}, 101),
        ("orders", 2, {"by": -5, "min": 0}, 0),
        ("orders", 2, {"by": 5, "max": 4}, 4),
        ("total", Decimal("0.1"), {"by": "0.2"}, Decimal("0.3")),
        ("total", Decimal("99999999999999999.99"), {"by": "0.01"}, Decimal("100000000000000000.00")),
        ("total", None, {"by": "{{ event.amount }}"}, Decimal("10.00")),
    ],
)
def test_the_number_is_what_it_was_and_the_addition(field: str, old: Any, params: dict[str, Any], new: Any) -> None:
    who = lead() if old is None else lead(**{field: old})

    act(who, "increment_number", field=field, **params)

    assert who.values[field] == new
    assert type(who.values[field]) is type(new)


def test_adding_nothing_is_no_op() -> None:
    assert act(lead(orders=2), "increment_number", field="orders", by=0)["outcome"] == "no_op"


def test_a_missing_number_is_skipped() -> None:
    data = act(lead(), "increment_number", field="orders", by="{{ lead.orders }}")

    assert data == {"outcome": "skipped", "reason": "missing: there is no value to add"}


def test_a_sum_out_of_range_fails() -> None:
    who = lead(orders=2**63 - 1)

    data = act(who, "increment_number", field="orders", by="{{ event.cds }}", on=event(cds=5))

    assert data["outcome"] == "failed"
    assert data["reason"].startswith("orders is out of range")
    assert who.values["orders"] == 2**63 - 1
