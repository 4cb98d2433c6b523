"""interesting_moment and add_note."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import act, campaign, event, faults, lead, rulebook, run, step


def test_a_moment_appears_in_the_history() -> None:
    rows = run(
        rulebook(campaign(step("interesting_moment", type="Milestone", description="{{ event.shop }}"))),
        lead(),
        event(shop="Bought in the shop"),
    )

    assert (rows[1].kind, rows[1].step) == ("interesting_moment", "one")
    assert rows[1].data == {"type": "Milestone", "description": "Bought in the shop", "outcome": "done"}


def test_a_note_appears_in_the_history_each_time() -> None:
    who = lead()
    rows = run(rulebook(campaign(step("add_note", text="Call her"))), who, event(id="e1"), event(id="e2"))

    notes = [row for row in rows if row.kind == "note_added"]
    assert [row.data for row in notes] == [{"text": "Call her", "outcome": "done"}] * 2
    assert who.changed == set()


@pytest.mark.parametrize(
    ("action", "params", "missing"),
    [
        ("interesting_moment", {"type": "Web", "description": "{{ event.shop }}"}, "description"),
        ("interesting_moment", {"type": "{{ lead.nickname }}", "description": "x"}, "type"),
        ("add_note", {"text": "{{ lead.notes }}"}, "text"),
    ],
)
def test_a_token_without_a_value_is_skipped(action: str, params: dict[str, Any], missing: str) -> None:
    assert act(lead(), action, **params) == {"outcome": "skipped", "reason": f"missing: there is no {missing}"}


def test_a_token_that_is_too_long_fails() -> None:
    data = act(lead(notes="x" * 10_001), "add_note", text="{{ lead.notes }}")

    assert data["outcome"] == "failed"
    assert data["reason"].endswith("is 10001 characters long, at most 10000 are allowed; use a shorter text")


def test_a_token_of_another_type_is_written_in_its_json_form() -> None:
    assert act(lead(), "add_note", text="{{ event.amount }}")["text"] == "10.00"


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("add_note", {"text": "x" * 10_001}, "text: is 10001 characters long, at most 10000 are allowed"),
        ("add_note", {"text": "x" * 30_001}, "text: is 30001 characters long, at most 30000 are allowed"),
        ("add_note", {"text": " \n"}, "text: must not be blank"),
        ("add_note", {"text": None}, "text: must not be null"),
        ("add_note", {"text": ["x"]}, "text: expected text, got a list"),
        ("add_note", {}, "text: is missing: What the note says"),
        ("interesting_moment", {"description": "x" * 1001}, "description: is 1001 characters long, at most 1000"),
        ("interesting_moment", {"type": "x" * 65}, "type: is 65 characters long, at most 64 are allowed"),
        ("interesting_moment", {"type": "{{ lead.tags }}"}, "type: {{ lead.tags }} is of type several of a list"),
    ],
)
def test_bad_parameters_are_named(action: str, params: dict[str, Any], fault: str) -> None:
    usual = {"type": "Web", "description": "x"} if action == "interesting_moment" else {}
    found = faults(campaign(step(action, **(usual | params))))

    assert len(found) == 1
    assert f"steps[0].params.{fault}" in found[0]
