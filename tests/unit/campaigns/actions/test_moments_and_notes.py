"""interesting_moment and add_note."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import THEN, act, campaign, event, faults, lead, record, rulebook, run, step


def test_a_moment_appears_in_the_history() -> None:
    rows = run(
        rulebook(campaign(step("interesting_moment", type="Milestone", description="{{ event.shop }}"))),
        lead(),
        event(shop="Bought in the shop"),
    )

    assert (rows[1].kind, rows[1].step) == ("interesting_moment", "one")
    assert rows[1].data == {"type": "Milestone", "description": "Bought in the shop", "outcome": "done", "group": 1}


def moments(who: LeadState, at: datetime = THEN, **params: Any) -> list[str]:
    """What came of three moments in a row."""
    book = rulebook(campaign(step("interesting_moment", type="Web", description="x", **params)))
    rows = run(book, who, *(event(id=f"{at}{number}", at=at) for number in range(3)))
    return [row.data["outcome"] for row in rows if row.kind == "interesting_moment"]


def test_a_moment_may_be_for_the_owner_alone() -> None:
    params = {"type": "Web", "description": "x", "visible_to": "owner"}

    assert act(lead(), "interesting_moment", **params) == params | {"outcome": "done", "group": 1}


def test_moments_of_a_day_are_capped_for_each_lead_over_all_campaigns() -> None:
    who = lead()

    assert moments(who, max_per_day=2) == ["done", "done", "skipped"]
    assert moments(who, max_per_day=4) == ["done", "done", "skipped"]
    assert moments(lead(), max_per_day=2) == ["done", "done", "skipped"]
    said = act(who, "interesting_moment", type="Web", description="x", max_per_day=4)
    assert said["reason"] == "policy: the lead has 4 moments of 2026-03-15 already, at most 4 are noted"


def test_the_next_day_of_the_tenant_has_moments_again() -> None:
    who = lead()
    assert moments(who, max_per_day=2)[-1] == "skipped"

    assert moments(who, THEN + timedelta(days=1), max_per_day=2) == ["done", "done", "skipped"]


def test_a_skipped_moment_is_not_counted() -> None:
    who = lead()
    act(who, "interesting_moment", type="Web", description="{{ event.shop }}")

    assert record(who, "moments", "moments") is None


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
        ("interesting_moment", {"visible_to": "sales"}, "visible_to: expected one of everyone, owner, got 'sales'"),
        ("interesting_moment", {"max_per_day": 0}, "max_per_day: expected a whole number from 1 to 1,000, got 0"),
        ("interesting_moment", {"type": "x" * 65}, "type: is 65 characters long, at most 64 are allowed"),
        ("interesting_moment", {"type": "{{ lead.tags }}"}, "type: {{ lead.tags }} is of type several of a list"),
    ],
)
def test_bad_parameters_are_named(action: str, params: dict[str, Any], fault: str) -> None:
    usual = {"type": "Web", "description": "x"} if action == "interesting_moment" else {}
    found = faults(campaign(step(action, **(usual | params))))

    assert len(found) == 1
    assert f"steps[0].params.{fault}" in found[0]
