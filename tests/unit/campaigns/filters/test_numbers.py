from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.campaigns.acme import lead
from tests.unit.campaigns.filters.matching import asks, fault, matches


@pytest.mark.parametrize(
    ("operator", "value", "matching"),
    [
        ("is", "0.30", True),
        ("is", 0.3, True),
        ("is_not", [0.3], False),
        ("is_any_of", [1, "0.3"], True),
        ("greater_than", "0.2999999999", True),
        ("greater_than", "0.3", False),
        ("at_least", "0.3", True),
        ("less_than", "0.3", False),
        ("at_most", "0.3", True),
        ("between", ["0.3", 1], True),
        ("between", [0, "0.3"], True),
        ("not_between", [0, "0.2"], True),
    ],
)
def test_decimals_are_compared_exactly(operator: str, value: Any, matching: bool) -> None:
    assert matches(asks("total", operator, value), lead(total=Decimal("0.1") + Decimal("0.2"))) is matching


def test_attributes_of_the_event_are_compared_in_their_type() -> None:
    assert matches({"event": "amount", "operator": "greater_than", "value": "9"}, amount="10.00")


def test_a_token_may_be_an_operand() -> None:
    assert matches(asks("total", "less_than", "{{ event.amount }}"), lead(total=Decimal(9)))
    assert matches(asks("total", "between", [0, "{{ event.cds }}"]), lead(total=Decimal("0.5")))
    assert not matches(asks("total", "between", [0, "{{ lead.orders }}"]), lead(total=Decimal("0.5")))
    assert matches(asks("total", "not_between", [0, "{{ lead.orders }}"]), lead(total=Decimal("0.5")))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (asks("orders", "is", "three"), "filter.value: expected a whole number, got 'three'"),
        (asks("orders", "is", "{{ event.amount }}"), "filter.value: {{ event.amount }} is of type decimal number"),
        (asks("orders", "between", [1]), "filter.value: expected a list of two values"),
        (asks("orders", "between", [3, 1]), "filter.value: has its higher value first"),
        (asks("orders", "greater_than", [3]), "filter.value: expected a whole number, got a list"),
    ],
)
def test_a_filter_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)
