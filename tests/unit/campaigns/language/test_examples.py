"""The worked examples of the reference: what they show can be published."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaigns import reference
from campaigns.actions import ACTIONS
from campaigns.language.action import ActionSpec
from campaigns.language.examples import example_of, value
from campaigns.language.parameters import Kind
from campaigns.language.paramschema import params_schema
from tests.unit.campaigns.acme import campaign, faults, step
from tests.unit.campaigns.jsonschemas import fits

#: A step that may stand before any other: some speak of what it does.
BEFORE = step("request_campaign", "before", campaign="welcome")
SHOWN = [(spec, example) for spec in ACTIONS if (example := example_of(spec)) is not None]


@pytest.mark.parametrize(("spec", "example"), SHOWN, ids=[spec.name for spec, _ in SHOWN])
def test_the_example_of_an_action_can_be_published(spec: ActionSpec, example: dict[str, Any]) -> None:
    document = campaign(BEFORE, example, qualification={"inside": "parallel"})

    assert faults(document) == []
    assert fits(example["params"], params_schema(spec))


def test_every_action_with_parameters_has_an_example() -> None:
    assert {spec.name for spec, _ in SHOWN} == {spec.name for spec in ACTIONS if spec.parameters}


def test_every_kind_of_parameter_has_an_example() -> None:
    for spec in ACTIONS:
        given: dict[str, Any] = {}
        for one in spec.parameters:
            given[one.name] = value(one.kind, {"field": "orders", "type": "string"} | given)


@pytest.mark.parametrize(("spec", "example"), SHOWN, ids=[spec.name for spec, _ in SHOWN])
def test_the_reference_shows_it_as_json(spec: ActionSpec, example: dict[str, Any]) -> None:
    text = reference.section(spec)

    assert json.loads(text[text.index("```json") + 7 : text.rindex("```")]) == example


def test_what_an_action_says_itself_comes_first() -> None:
    for spec, example in SHOWN:
        assert example["params"].items() >= dict(spec.example).items()
        assert spec.example.keys() <= {one.name for one in spec.parameters}


def test_a_kind_without_an_example_is_noticed() -> None:
    class Strange(Kind):
        """Something new."""

    with pytest.raises(NotImplementedError, match="no example of Strange"):
        value(Strange("x"), {})
