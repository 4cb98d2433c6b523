"""What no run comes to is told before a campaign is published."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.unreachable import ATOMS_LIMIT, find_unreachable
from tests.unit.campaigns.acme import campaign, faults, note, step

Json = dict[str, Any]


def leaf(value: int, field: str = "orders", operator: str = "at_least") -> Json:
    return {"field": field, "operator": operator, "value": value}


A, B, C = leaf(1), leaf(2), leaf(3)
EMPTY, FULL = {"field": "nickname", "operator": "is_empty"}, {"field": "nickname", "operator": "is_not_empty"}
IN, OUT = {"unreachable": "email"}, {"unreachable": "email", "operator": "not_in"}
EITHER = {"any": [A, {"none": [A]}]}
TAKEN, EVERYBODY = (
    "is never taken: whom it is for is taken by one before it",
    "is never taken: those before it take everybody",
)
CONTRADICTION = "is never taken: its condition contradicts itself"
EXIT = step("exit_flow", "exit")
BEHIND = "no run comes here: each ends at step 'exit' before it"


def found(*steps: Json) -> dict[str, str]:
    document = campaign(*steps)
    assert faults(document) == []
    return {fault.path: fault.message for fault in find_unreachable(document)}


def chosen(*conditions: Json, default: Json | None = None) -> Json:
    choices = [{"when": one, "params": {"text": str(place)}} for place, one in enumerate(conditions)]
    return {"id": "one", "action": "add_note", "choices": choices, "default": default}


def branched(*conditions: Json, default: list[Json] | None = None, steps: list[Json] | None = None) -> Json:
    cases = [{"label": f"case {place}", "when": one, "steps": steps or []} for place, one in enumerate(conditions)]
    return step("branch", cases=cases, default=default or [])


@pytest.mark.parametrize(
    ("conditions", "never"),
    [
        ((A, B), {}),
        ((A, A), {1: TAKEN}),
        ((A, {"all": [A, B]}), {1: TAKEN}),
        (({"all": [A, B]}, A), {}),
        (({"any": [A, B]}, B, A), {1: TAKEN, 2: TAKEN}),
        ((A, {"none": [A]}, B), {2: TAKEN}),
        ((EITHER, B), {1: TAKEN}),
        ((EMPTY, FULL, A), {2: TAKEN}),
        ((IN, OUT, A), {2: TAKEN}),
        (({"all": [A, {"none": [A]}]}, B), {0: CONTRADICTION}),
        (({"exactly_one": [A, A]}, B), {0: CONTRADICTION}),
        (({"at_least": [A, B, C], "count": 2}, {"all": [A, C]}), {1: TAKEN}),
        (({"filters": [A, B], "logic": "1 or 2"}, B), {1: TAKEN}),
        (({"filters": [A, B], "logic": "1 and 2"}, B), {}),
        (tuple(leaf(number) for number in range(2 * ATOMS_LIMIT)), {}),
        ((*(leaf(number) for number in range(2 * ATOMS_LIMIT)), leaf(0)), {2 * ATOMS_LIMIT: TAKEN}),
    ],
)
def test_a_choice_or_case_behind_those_that_take_all_of_its_leads_is_told(
    conditions: tuple[Json, ...], never: dict[int, str]
) -> None:
    assert found(chosen(*conditions)) == {f"steps[0].choices[{place}]": said for place, said in never.items()}
    assert found(branched(*conditions)) == {f"steps[0].params.cases[{place}]": said for place, said in never.items()}


def test_a_default_behind_those_that_take_everybody_is_told() -> None:
    assert found(chosen(A, {"none": [A]}, default={"text": "x"})) == {"steps[0].default": EVERYBODY}
    assert found(branched(EITHER, default=[note("in")])) == {"steps[0].params.default": EVERYBODY}
    assert found(chosen(A, B, default={"text": "x"})) == found(branched(EITHER)) == {}


def test_steps_behind_an_exit_are_told_once() -> None:
    assert found(EXIT, note("a"), note("b")) == {"steps[1]": BEHIND}
    assert found(branched(A, steps=[EXIT, note("a")]), note("b")) == {"steps[0].params.cases[0].steps[1]": BEHIND}
    assert found(note("a"), EXIT) == {}


def test_an_exit_is_one_when_all_ways_lead_there() -> None:
    ends = {**branched(A, default=[step("exit_flow", "two")], steps=[EXIT]), "id": "fork"}
    assert found(ends, note("a")) == {"steps[1]": "no run comes here: each ends at step 'fork' before it"}
    assert found(branched(A, steps=[EXIT]), note("a")) == {}


def test_an_exit_that_is_chosen_is_one_only_with_a_default() -> None:
    exit = {"id": "exit", "action": "exit_flow", "choices": [{"when": A, "params": {}}]}

    assert found(exit, note("a")) == {}
    assert found({**exit, "default": {"label": "x"}}, note("a")) == {"steps[1]": BEHIND}


def test_who_jumps_behind_an_exit_comes_there() -> None:
    jump = branched(A, steps=[step("jump_to", "jump", step="b", max_jumps=1)])

    assert found(jump, EXIT, note("a"), note("b"), note("c")) == {"steps[2]": BEHIND}
    assert found(jump, EXIT, {**branched(B, steps=[note("b")]), "id": "two"}) == {}


def test_a_wait_that_may_leave_out_the_exit_leads_behind_it() -> None:
    wait = step("wait_until_date", "wait", datetime="2026-03-20T12:00", if_past="skip")

    assert found(wait, EXIT, note("a")) == {}
    assert found(branched(A, steps=[wait]), EXIT, note("a")) == {}
    assert found({**wait, "params": wait["params"] | {"if_past": "exit"}}, EXIT, note("a")) == {"steps[2]": BEHIND}


def test_a_jump_that_has_been_made_often_enough_goes_on() -> None:
    assert found(note("a"), step("jump_to", "jump", step="a", max_jumps=1), note("b")) == {}


def test_what_looks_like_steps_but_is_data_is_none() -> None:
    fields = {"profile": {"steps": [{"action": "branch", "id": "x"}, {"action": "nothing", "id": "y"}]}}

    assert found(step("change_fields", fields=fields)) == {}
