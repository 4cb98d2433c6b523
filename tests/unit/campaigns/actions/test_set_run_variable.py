"""Variables of a run: set, read in every place that takes a value, kept through waits."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from campaigns.language.run import Run
from tests.unit.campaigns.acme import (
    NOW,
    THEN,
    campaign,
    event,
    faults,
    lead,
    outcomes,
    pass_time,
    rulebook,
    run,
    step,
)

DAY = {"amount": 1, "unit": "days"}


def setting(value: Any, type: str = "integer", name: str = "count", id: str = "set") -> dict[str, Any]:
    return step("set_run_variable", id, name=name, type=type, value=value)


def test_a_variable_is_read_by_the_steps_after_it() -> None:
    noted = step("change_field", "note", field="orders", value="{{ run.count }}")
    who = lead()
    rows = run(rulebook(campaign(setting("{{ event.cds }}"), noted)), who, event(cds=3))
    assert who.values["orders"] == 3
    assert rows[1].data == {"variable": "count", "old": None, "new": 3, "outcome": "done"}
    assert rows[1].kind == "variable_set"


@pytest.mark.parametrize(
    ("type", "value", "stored"),
    [
        ("string", "{{ event.shop }}", "north"),
        ("text", "to {{ event.shop }}, {{ lead.nickname }}", "to north, Jo"),
        ("decimal", "{{ event.amount }}", Decimal("10.00")),
        ("decimal", {"expression": "event.amount * 2 + 1"}, Decimal("21.00")),
        ("boolean", True, True),
        ("date", "2026-02-03", date(2026, 2, 3)),
        ("datetime", "{{ event.occurred_at }}", THEN),
        ("multi_select", ["b", "a"], frozenset({"a", "b"})),
        ("json", {"plan": "free"}, {"plan": "free"}),
    ],
)
def test_a_variable_of_each_type_lasts_through_a_wait(type: str, value: Any, stored: Any) -> None:
    book = rulebook(
        campaign(setting(value, type), step("wait_duration", "wait", wait=DAY), setting(None, type, id="x"))
    )
    who = lead(nickname="Jo")
    run(book, who, event(shop="north"))
    (parked,), (found,) = who.runs.values(), book.versions.values()
    assert Run.restore(parked, found).variables["count"] == (type, stored)
    rows = pass_time(book, who, NOW + timedelta(days=1))
    assert rows[-1].data["new"] is None
    assert rows[-1].data["old"] is not None


def test_an_equal_value_is_no_change() -> None:
    rows = run(rulebook(campaign(setting(1), setting(1, id="again"), setting(None, id="gone"))), lead())
    assert [outcome for _, _, outcome in outcomes(rows)] == ["done", "no_op", "done"]


def test_a_variable_that_no_step_has_set_reads_as_null() -> None:
    """The branch that sets it is not taken."""
    many = {
        "label": "many", "when": {"event": "cds", "operator": "at_least", "value": 5}, "steps": [setting(7)],
    }  # fmt: skip
    noted = step("change_field", "note", field="orders", value="{{ run.count }}")
    who = lead(orders=1)
    run(rulebook(campaign(step("branch", "fork", cases=[many]), noted)), who)
    assert "orders" not in who.values


def test_a_variable_can_be_computed_with_itself() -> None:
    more = setting({"expression": "(run.count ?? 0) + 1"}, id="more")
    noted = step("change_field", "note", field="notes", value="{{ run.count }} in {{ run.id }}")
    who = lead()
    run(rulebook(campaign(setting(1), more, noted)), who)
    assert who.values["notes"].startswith("2 in ")
    assert who.values["notes"].endswith(".1.1")


def test_each_run_has_its_own() -> None:
    """The second run finds nothing of what the first set."""
    fresh = {"label": "fresh", "when": {"run": "count", "operator": "is_empty"}, "steps": []}
    forked = step("branch", "fork", cases=[fresh], default=[step("add_note", "found", text="found")])
    book = rulebook(campaign(setting(None), forked, setting(1, id="one")))
    who = lead()
    for id in ("e1", "e2"):
        assert outcomes(run(book, who, event(id=id)))[1][2] == "done"
    assert "notes" not in who.values


def test_a_branch_and_a_choice_decide_by_a_variable() -> None:
    high = {"run": "count", "operator": "at_least", "value": 5}
    cases = [{"label": "high", "when": high, "steps": [step("change_field", "yes", field="notes", value="high")]}]
    chosen = {
        "id": "pick", "action": "change_field",
        "choices": [{"when": {"run": "id", "operator": "is_not_empty"}, "params": {"field": "nickname", "value": "x"}}],
    }  # fmt: skip
    book = rulebook(campaign(setting("{{ event.cds }}"), step("branch", "fork", cases=cases), chosen))
    for cds, notes in ((4, None), (5, "high")):
        who = lead()
        run(book, who, event(cds=cds))
        assert (who.values.get("notes"), who.values["nickname"]) == (notes, "x")


def test_a_value_that_does_not_fit_fails_the_step() -> None:
    rows = run(rulebook(campaign(setting("{{ event.shop }}!", "string"))), lead(), event(shop="x" * 255))
    assert rows[-1].data["outcome"] == "failed"
    assert "255" in rows[-1].data["reason"]


def test_every_expression_reads_variables() -> None:
    computed = step("compute_field", "sum", field="orders", expression="(run.count ?? 0) * 2")
    who = lead()
    run(rulebook(campaign(setting(21), computed)), who)
    assert who.values["orders"] == 42


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ([setting(1, name="Count")], "name: expected 1 to 63 lower-case letters"),
        ([setting(1, name="id")], "name: 'id' is the run's own"),
        ([setting(1, type="number")], "type: expected one of string"),
        ([setting("three")], "value: expected a whole number"),
        ([setting({"expression": "1 +"})], "value.expression:"),
        ([setting({"expression": "run.count + 1"})], "value.expression: no step before this sets run.count"),
        ([setting("{{ run.cuont }}", name="other")], "value: no step before this sets run.cuont"),
        ([setting(1), setting("x", "string", id="b")], "value: run.count is of type whole number already"),
        ([setting(1), setting("{{ run.cuont }}", id="b")], "run.cuont; did you mean 'count'?"),
        ([step("add_note", text="hello {{ run.name }}")], "no step before this sets run.name"),
        ([step("add_note", text="hello {{ run }}")], "write which part of run is meant"),
        (
            [setting(1), step("stop_if", "s", rule={"run": "count", "operator": "contains", "value": "x"})],
            "unknown operator 'contains' for whole number",
        ),
        ([step("stop_if", "s", rule={"run": "x", "operator": "is_empty"})], "rule.run: no step before this sets run.x"),
        ([setting(1), step("change_field", "b", field="birthday", value="{{ run.count }}")], "is of type whole number"),
    ],
)
def test_a_fault_is_named(steps: list[dict[str, Any]], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(*steps)))


def test_outside_the_steps_there_is_no_run() -> None:
    for more in (
        {"filter": {"run": "id", "operator": "is_not_empty"}},
        {"exits": [{"label": "out", "when": {"run": "id", "operator": "is_not_empty"}}]},
        {"qualification": {"times": 1, "key": "{{ run.id }}"}},
    ):
        (found,) = faults(campaign(setting(1), **more))
        assert "no step before this sets run.id" in found
