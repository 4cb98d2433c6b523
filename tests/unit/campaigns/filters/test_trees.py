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


@pytest.mark.parametrize(
    ("logic", "matching"),
    [
        ("1 and not 2", True),
        ("(1 or 2) and 2", False),
        ("1 or (2 and 2)", True),
        ("NOT(1 AND 2)", True),
        ("not (1 or 2)", False),
        ("((1)) and 1 and not not 1 and not 2", True),
    ],
)
def test_an_expression_puts_numbered_filters_together(logic: str, matching: bool) -> None:
    assert matches({"filters": [YES, NO], "logic": logic}) is matching


REPEATED = {"filters": [{"filters": [YES], "logic": " or ".join("1" * 200)}], "logic": "1 or 1 or 1 or 1 or 1 or 1"}


@pytest.mark.parametrize(
    ("logic", "message"),
    [
        ("1 and 2 or 1", "has and beside or: put brackets around what goes together"),
        ("1 or 2 and 1", "has and beside or: put brackets around what goes together"),
        ("1 and", "ends too early"),
        ("", 'expected an expression such as "(1 or 2) and not 3"'),
        (None, 'expected an expression such as "(1 or 2) and not 3"'),
        ("(1 and 2", "has a bracket that is not closed"),
        ("1 and 2)", "expected and, or, or the end; got ')'"),
        ("1 2", "expected and, or, or the end; got '2'"),
        ("1 and 3", "there is no filter 3: they are numbered from 1 to 2"),
        ("0 and 1", "there is no filter 0: they are numbered from 1 to 2"),
        ("1 & 2", "expected numbers, and, or, not and brackets; got '&'"),
        ("and 1", "expected the number of a filter, got 'and'"),
        ("1 or 1", "does not use filter 2"),
        ("(" * 12 + "1", "is nested more than 10 levels deep"),
        ("not " * 12 + "1", "is nested more than 10 levels deep"),
        ("1 or " * 250 + "2", "is longer than 1,000 characters"),
    ],
)
def test_an_expression_at_fault_is_named(logic: Any, message: str) -> None:
    assert fault({"filters": [YES, NO], "logic": logic}) == f"filter.logic: {message}"


def test_an_expression_does_not_grow_without_bounds() -> None:
    assert fault(REPEATED) == "filter.logic: comes to more than 1,000 conditions"


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
