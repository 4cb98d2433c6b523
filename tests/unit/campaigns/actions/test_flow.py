"""Steps that say where a run goes on: their faults at publication."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import campaign, faults, step

NOTE = step("add_note", "note", text="hello")
VIP = {"field": "tags", "operator": "contains_any_of", "value": ["vip"]}


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (step("branch", cases=[]), "steps[0].params.cases: expected a list of 1 to 50 cases"),
        (step("branch", cases=[{"label": "a", "when": VIP}]), "steps[0].params.cases[0]: expected an object with"),
        (step("branch", cases=[{"label": " ", "when": VIP, "steps": []}]), "steps[0].params.cases[0].label: expected"),
        (
            step("branch", cases=[{"label": "a", "when": VIP, "steps": [step("nothing", "x")]}]),
            "steps[0].params.cases[0].steps[0].action: unknown action 'nothing'",
        ),
        (
            step("branch", cases=[{"label": "a", "when": VIP, "steps": [{**NOTE, "id": "one"}]}]),
            "steps[0].params.cases[0].steps[0].id: 'one' is the id of steps[0] already",
        ),
        (
            step("branch", cases=[{"label": "a", "when": VIP, "steps": [NOTE] * 200}]),
            "steps[0].params.cases[0].steps: has 201 steps, at most 200",
        ),
        (step("jump_to", step="nowhere", max_jumps=1), "steps[0].params.step: there is no step 'nowhere'"),
        (step("jump_to", step="one"), "steps[0].params.max_jumps: is missing"),
        (step("jump_to", step=7, max_jumps=1), "steps[0].params.step: expected the id of a step"),
        (
            step("jump_to", step="one", max_jumps=1, min_interval={"amount": 0, "unit": "days"}),
            "steps[0].params.min_interval: must be at least 1 of its unit",
        ),
        (step("wait_duration", wait={"amount": 1}), "steps[0].params.wait: expected a period"),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_is(broken: dict[str, Any], fault: str) -> None:
    assert faults(campaign(broken))[0].startswith(fault)


def test_steps_are_nested_no_deeper_than_a_person_can_read() -> None:
    nested = [NOTE]
    for level in range(9):
        nested = [step("branch", f"level{level}", cases=[{"label": "in", "when": VIP, "steps": nested}])]
    (fault,) = faults(campaign(*nested))
    assert "is nested more than 8 levels deep" in fault


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"qualification": {"times": 0}}, "qualification.times: expected a whole number from 1 to 100"),
        ({"qualification": {"per": {"amount": 1, "unit": "days"}}}, "qualification.times: is missing"),
        (
            {"qualification": {"times": 1, "per": {"amount": 2, "unit": "days"}, "calendar": True}},
            "qualification.calendar: needs a period of one day, week, month or year",
        ),
        ({"qualification": {"inside": "maybe"}}, "qualification.inside: expected one of ignore, parallel, restart"),
        ({"qualification": "once"}, "qualification: expected an object"),
        ({"exits": [{"label": "out"}]}, "exits[0]: expected an object with label, and trigger or when"),
        ({"exits": [{"label": "out", "trigger": {"type": "nothing"}}]}, "exits[0].trigger.type: unknown trigger"),
        ({"exits": [{"trigger": {"type": "lead_created"}}]}, "exits[0].label: expected a label"),
        ({"exits": {}}, "exits: expected a list"),
    ],
)  # fmt: skip
def test_a_fault_of_qualification_or_exits_is_named(more: dict[str, Any], fault: str) -> None:
    assert faults(campaign(NOTE, **more))[0].startswith(fault)
