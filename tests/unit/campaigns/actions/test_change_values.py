"""add_values and remove_values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.schema import FieldSpec
from tests.unit.campaigns.acme import (
    ACME,
    COLOURS,
    FIELDS,
    act,
    campaign,
    event,
    faults,
    lead,
    outcomes,
    rulebook,
    run,
    schema,
    step,
)

RED = frozenset({"red"})


def test_values_come_and_go() -> None:
    who = lead(colours=RED)

    added = act(who, "add_values", field="colours", values=["blue", "red"])
    removed = act(who, "remove_values", field="colours", values=["red", "green"])

    assert added == {"field": "colours", "old": ["red"], "new": ["blue", "red"], "outcome": "done"}
    assert removed == {"field": "colours", "old": ["blue", "red"], "new": ["blue"], "outcome": "done"}
    assert who.values["colours"] == {"blue"}


def test_the_first_value_fills_the_field_and_with_the_last_one_it_is_empty() -> None:
    who = lead()

    assert act(who, "add_values", field="colours", values=["red"])["old"] is None
    assert act(who, "remove_values", field="colours", values=["red"])["new"] is None
    assert who.values == {}


@pytest.mark.parametrize(
    ("action", "old", "values"),
    [("add_values", RED, ["red"]), ("remove_values", RED, ["blue"]), ("remove_values", None, ["red"])],
)
def test_nothing_to_add_or_remove_is_no_op(action: str, old: Any, values: list[str]) -> None:
    who = lead() if old is None else lead(colours=old)

    assert act(who, action, field="colours", values=values) == {"outcome": "no_op", "field": "colours"}
    assert who.changed == set()


@pytest.mark.parametrize(
    ("values", "added"),
    [
        (["{{ event.shop }}", "green"], {"blue", "green"}),
        (["{{ lead.colour }}"], {"green"}),
        ("{{ lead.tags }}", {"red", "blue"}),
        (["{{ lead.nickname }}", "{{ event.shop }}"], {"blue"}),
    ],
)
def test_values_may_be_tokens(values: Any, added: set[str]) -> None:
    who = lead(tags={"red", "blue"}, colour="green")

    act(who, "add_values", field="colours", values=values, on=event(shop="blue"))

    assert who.values["colours"] == added


@pytest.mark.parametrize("values", ["{{ lead.tags }}", ["{{ lead.nickname }}"]])
@pytest.mark.parametrize(("action", "verb"), [("add_values", "add"), ("remove_values", "remove")])
def test_tokens_without_a_value_are_skipped(action: str, verb: str, values: Any) -> None:
    data = act(lead(colours=RED), action, field="colours", values=values)

    assert data == {"outcome": "skipped", "reason": f"missing: there are no values to {verb}"}


@pytest.mark.parametrize("values", ["{{ lead.tags }}", ["{{ lead.nickname }}"]])
def test_a_token_that_is_no_option_fails(values: Any) -> None:
    data = act(lead(tags={"pink"}, nickname="pink"), "add_values", field="colours", values=values)

    assert data["outcome"] == "failed"
    assert data["reason"].endswith("'pink' is not among the options")


def test_an_option_that_was_retired_stays_until_it_is_removed() -> None:
    who = lead(colours=frozenset({"pink"}))

    act(who, "add_values", field="colours", values=["red"])
    act(who, "remove_values", field="colours", values=["pink"])

    assert who.values["colours"] == RED


def test_a_field_has_two_hundred_values_at_most() -> None:
    tenant = schema(fields=(*FIELDS, FieldSpec("words", "Words", "multi_select")))
    book = rulebook(campaign(step("add_values", field="words", values=["new"])), tenant=tenant)
    who = lead(words=frozenset(str(number) for number in range(200)))

    rows = run(book, who)

    assert outcomes(rows) == [("one", "change_data_value", "failed")]
    assert rows[1].data["reason"] == "words would have 201 values, at most 200 are allowed; remove some first"


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"field": "colour"}, "field: field 'colour' is of type one of a list; expected several of a list"),
        ({"field": "tags"}, "field: field 'tags' is changed by the action change_tags only"),
        ({"values": ["pink"]}, "values[0]: 'pink' is not among the options"),
        ({"values": []}, "values: expected a list of 1 to 100 values, got a list"),
        ({"values": "red"}, "values: expected a list of 1 to 100 values, got 'red'"),
        ({"values": None}, "values: expected a list of 1 to 100 values, got null"),
        ({"values": ["red", " ", None]}, "values[1]: must not be blank"),
        ({"values": ["red", 3]}, "values[1]: expected text, got 3"),
        ({"values": ["{{ event.amount }}"]}, "values[0]: {{ event.amount }} is of type decimal number"),
        ({"values": "{{ lead.colour }}"}, "values: {{ lead.colour }} is of type one of a list; expected several"),
    ],
)
def test_bad_parameters_are_named(params: dict[str, Any], fault: str) -> None:
    found = faults(campaign(step("add_values", **({"field": "colours", "values": ["red"]} | params))), ACME)

    assert f"steps[0].params.{fault}" in found[0]


def test_any_text_may_be_removed_but_no_number() -> None:
    assert faults(campaign(step("remove_values", field="colours", values=["pink"]))) == []
    assert faults(campaign(step("remove_values", field="colours", values=[3]))) == [
        "steps[0].params.values[0]: expected text, got 3"
    ]


SETS = st.sets(st.sampled_from(sorted(COLOURS)), min_size=1)


@given(st.sets(st.sampled_from(sorted(COLOURS))), SETS)
def test_after_adding_and_removing_the_rest_is_left(old: set[str], values: set[str]) -> None:
    who = lead(colours=frozenset(old)) if old else lead()

    act(who, "add_values", field="colours", values=sorted(values))
    assert who.values["colours"] == old | values
    act(who, "remove_values", field="colours", values=sorted(values))
    assert who.values.get("colours", set()) == old - values
