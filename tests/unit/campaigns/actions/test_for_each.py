"""Steps run once for each item, in order, through waits too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.language.activity import ActivityRow
from tests.unit.campaigns.acme import NOW, campaign, event, faults, lead, on, pass_time, rulebook, run, step

DAY = {"amount": 1, "unit": "days"}


def loop(items: Any, *body: dict[str, Any], id: str = "loop", type: str = "string", **more: Any) -> dict[str, Any]:
    return step("for_each", id, **({"as": "item", "type": type, "items": items, "body": list(body)} | more))


def note(text: str = "{{ run.item }}", id: str = "note") -> dict[str, Any]:
    return step("add_note", id, text=text)


def notes(rows: list[ActivityRow]) -> list[str]:
    return [row.data["text"] for row in rows if row.step == "note"]


def test_the_steps_run_for_each_item_in_order_and_then_those_behind() -> None:
    rows = run(rulebook(campaign(loop(["b", "a", "b"], note()), note("end {{ run.item }}.", id="end"))), lead())
    assert notes(rows) == ["b", "a", "b"]
    assert [row.data for row in rows if row.step == "loop"] == [
        {"item": "b", "number": 1, "of": 3, "outcome": "done"},
        {"item": "a", "number": 2, "of": 3, "outcome": "done"},
        {"item": "b", "number": 3, "of": 3, "outcome": "done"},
        {"items": 3, "left_out": 0, "outcome": "done"},
    ]
    assert rows[-1].data["text"] == "end ."


def test_a_field_with_several_values_is_gone_through_in_the_order_of_the_alphabet() -> None:
    book = rulebook(campaign(loop("{{ lead.colours }}", note())))
    assert notes(run(book, lead(colours=frozenset({"red", "blue"})))) == ["blue", "red"]


def test_a_list_of_the_event_is_gone_through() -> None:
    document = campaign(loop("{{ event.lines }}", note("{{ run.item.name }}"), type="json"), on=on("page_view"))
    lines = [{"name": "x"}, None, {"name": "y"}]
    assert notes(run(rulebook(document), lead(), event("page_view", lines=lines))) == ["x", "y"]


def test_items_may_be_tokens() -> None:
    rows = run(rulebook(campaign(loop(["{{ event.cds }}", 5, "{{ lead.orders }}"], note(), type="integer"))), lead())
    assert notes(rows) == ["1", "5"]


def test_without_items_nothing_runs() -> None:
    rows = run(rulebook(campaign(loop("{{ lead.colours }}", note()))), lead())
    assert [(row.step, row.data["outcome"]) for row in rows[1:]] == [("loop", "no_op")]


def test_the_steps_may_wait_and_what_is_gone_through_stays_what_it_was() -> None:
    body = (note(), step("wait_duration", "wait", wait=DAY))
    book = rulebook(campaign(loop("{{ lead.colours }}", *body), note("end", id="end")))
    who = lead(colours=frozenset({"red", "blue"}))
    seen = notes(run(book, who))
    who.values["colours"] = frozenset({"green"})
    for day in (1, 2):
        rows = pass_time(book, who, NOW + timedelta(days=day))
        seen += notes(rows)
    assert seen == ["blue", "red"]
    assert rows[-1].data["text"] == "end"
    assert who.runs == {}


def test_a_loop_in_a_loop_begins_anew_each_time() -> None:
    inner = loop([1, 2], note("{{ run.item }}{{ run.other }}"), id="inner", type="integer", **{"as": "other"})
    assert notes(run(rulebook(campaign(loop(["a", "b"], inner))), lead())) == ["a1", "a2", "b1", "b2"]


def test_two_loops_may_use_one_name() -> None:
    rows = run(rulebook(campaign(loop(["a"], note()), loop(["b"], note(id="n2"), id="again"))), lead())
    assert [row.data["text"] for row in rows if row.kind == "note_added"] == ["a", "b"]


def test_with_too_many_items_none_is_gone_through_or_the_last_are_left_out() -> None:
    who = lead(colours=frozenset({"red", "blue", "green"}))
    rows = run(rulebook(campaign(loop("{{ lead.colours }}", note(), max=2))), who)
    assert rows[-1].data == {
        "outcome": "failed", "reason": "has 3 items, at most 2 are allowed; raise max, or cut",
    }  # fmt: skip
    rows = run(rulebook(campaign(loop("{{ lead.colours }}", note(), max=2, over_max="cut"))), who)
    assert notes(rows) == ["blue", "green"]
    assert rows[-1].data == {"items": 2, "left_out": 1, "outcome": "done"}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [(["1", "x"], "item 1: expected a whole number"), ("1,2", "expected a list to go through, got '1,2'")],
)
def test_what_is_no_list_of_such_items_fails_before_any_step_runs(lines: Any, reason: str) -> None:
    document = campaign(loop("{{ event.lines }}", note(), type="integer"), on=on("page_view"))
    rows = run(rulebook(document), lead(), event("page_view", lines=lines))
    assert notes(rows) == []
    assert reason in rows[-1].data["reason"]


def test_a_loop_without_steps_ends() -> None:
    rows = run(rulebook(campaign(loop(["a", "b"]), note("end", id="end"))), lead())
    assert rows[-1].data["text"] == "end"


def test_a_loop_in_a_loop_stops_at_the_steps_that_one_event_may_have() -> None:
    """500 times 500 items would be a quarter of a million steps."""
    many = list(range(500))
    inner = loop(many, note(), id="inner", type="integer", max=500, **{"as": "other"})
    rows = run(rulebook(campaign(loop(many, inner, type="integer", max=500))), lead())
    assert rows[-1].kind == "loop_stopped"
    assert len(rows) < 1_100


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (loop([]), "items: expected a list of 1 to 1,000 items"),
        (loop("red"), "items: expected a list of 1 to 1,000 items"),
        (loop(["x"], type="integer"), "items[0]: expected a whole number"),
        (loop("{{ event.cds }}"), "items: {{ event.cds }} is of type whole number; expected several values"),
        (loop(["x"], **{"as": "Item"}), "as: expected 1 to 63 lower-case letters"),
        (loop(["x"], type="list"), "type: expected one of string"),
        (loop(["x"], max=501), "max: expected a whole number from 1 to 500"),
        (loop(["x"], over_max="drop"), "over_max: expected one of fail, cut"),
        (loop(["x"], step("nothing", "n")), "body[0].action: unknown action 'nothing'"),
        (step("for_each", items=["x"], type="string", body=[]), "as: is missing"),
    ],
)  # fmt: skip
def test_a_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults(campaign(broken)))


def test_a_jump_among_the_steps_begins_the_loop_at_their_end() -> None:
    jump = step("jump_to", "jump", step="note", max_jumps=1)
    rows = run(rulebook(campaign(jump, loop(["a", "b"], note("<{{ run.item }}>")))), lead())
    assert notes(rows) == ["<>", "<a>", "<b>"]
