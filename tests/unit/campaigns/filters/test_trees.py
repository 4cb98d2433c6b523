from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import A_FILTER, campaign, event, faults, lead, on, rulebook, run
from tests.unit.campaigns.filters.matching import MARK, asks, fault, matches

YES, NO = asks("orders", "is_empty"), asks("orders", "is_not_empty")


@pytest.mark.parametrize(
    ("tree", "matching"),
    [
        ({"all": [YES, YES]}, True),
        ({"all": [YES, NO]}, False),
        ({"any": [NO, YES]}, True),
        ({"any": [NO, NO]}, False),
        ({"none": [NO, NO]}, True),
        ({"none": [NO, YES]}, False),
        ({"all": [{"any": [NO, YES]}, {"none": [{"all": [YES, NO]}]}]}, True),
    ],
)
def test_groups_combine_what_they_hold(tree: dict[str, Any], matching: bool) -> None:
    assert matches(tree) is matching


def deep(levels: int) -> dict[str, Any]:
    return {"all": [deep(levels - 1)]} if levels > 1 else YES


def test_a_tree_has_ten_levels_at_most() -> None:
    assert matches(deep(10))
    assert fault(deep(11)) == "filter: is nested more than 10 levels deep"


def test_a_tree_has_two_hundred_nodes_at_most() -> None:
    assert matches({"all": [YES] * 199})
    assert fault({"all": [YES] * 200}) == "filter: has more than 200 conditions and groups"


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"all": YES}, "filter.all: expected a list of at least one filter"),
        ({"any": []}, "filter.any: expected a list of at least one filter"),
        ({"all": [YES], "any": [YES]}, "filter.any: has no meaning here"),
        (
            {"all": [3]},
            f"filter.all[0]: {A_FILTER}",
        ),
        ([YES], f"filter: {A_FILTER}"),
        ({"field": ["orders"], "operator": "is"}, "filter.field: expected the name of a field"),
        ({**YES, "or_empty": "yes"}, "filter.or_empty: has no meaning with is_empty"),
        (asks("orders", "at_least", 1, type="decimal"), "filter.type: 'orders' has a type already: integer"),
        (asks("orders", "at_least", 1, or_empty="yes"), "filter.or_empty: expected true or false, got 'yes'"),
    ],
)
def test_a_tree_at_fault_is_named(tree: Any, message: str) -> None:
    assert message in "\n".join(faults(campaign(MARK, filter=tree)))


def test_an_undeclared_attribute_is_compared_in_the_type_that_is_said() -> None:
    condition = {"event": "price", "type": "decimal", "operator": "at_least", "value": 5}
    document = campaign(MARK, on=on("page_view"), filter=condition)

    scores = []
    for price in ("5.00", 4, "dear", None):
        who = lead()
        run(rulebook(document), who, event("page_view", price=price))
        scores.append(who.values.get("score"))

    assert scores == [1, None, None, None]


def test_an_undeclared_attribute_needs_a_type() -> None:
    document = campaign(MARK, on=on("page_view"), filter={"event": "price", "operator": "is", "value": 5})

    assert faults(document)[0].startswith("filter.type: attribute 'price' is undeclared; say its type: string")
