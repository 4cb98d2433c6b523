"""Conditions on when a lead was made, and changed last: as its row will say once what came before is committed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.language.activity import ActivityRow
from campaigns.language.history import Remembered
from campaigns.language.lead import LeadState
from campaigns.language.leadtimes import TIMES_OF, LeadTimes
from campaigns.language.schema import FieldSpec
from tests.unit.campaigns.acme import FIELDS, NOW, campaign, event, lead, on, rulebook, run, schema, step
from tests.unit.campaigns.filters.matching import fault, matches
from tests.unit.campaigns.language.test_races import races

DAY = timedelta(days=1)
LATELY = {"lead": "updated_at", "operator": "in_past", "value": {"amount": 1, "unit": "hours"}}
COUNT = step("change_score", amount=1)
ZONED = schema(fields=(*FIELDS, FieldSpec("timezone", "Time zone", "string")))


def stored(created: datetime = NOW - 9 * DAY, updated: datetime = NOW - 3 * DAY, **values: Any) -> LeadState:
    who = lead(**values)
    who.history = {TIMES_OF: LeadTimes(created, updated)}
    return who


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"operator": "in_past", "value": {"amount": 3, "unit": "days"}}, True),
        ({"operator": "in_past", "value": {"amount": 2, "unit": "days"}}, False),
        ({"lead": "created_at", "operator": "in_past", "value": {"amount": 3, "unit": "days"}}, False),
        ({"lead": "created_at", "operator": "is", "value": "2026-03-06"}, True),
        ({"operator": "between", "value": ["2026-03-12", "2026-03-12"]}, True),
        ({"operator": "after", "value": "{{ event.paid_at }}"}, True),
        ({"operator": "day_of_week_is", "value": "thursday", "zone": "lead"}, True),
        ({"operator": "is_empty"}, False),
    ],
)
def test_a_lead_was_made_and_changed_when_its_row_says(more: dict[str, Any], found: bool) -> None:
    who = stored(timezone="Asia/Tokyo")
    assert matches({"lead": "updated_at", **more}, who, ZONED, paid_at="2026-03-01T00:00:00Z") is found


def test_of_whom_nothing_is_known_a_negative_operator_is_true() -> None:
    assert matches({"lead": "updated_at", "operator": "is_not", "value": "2026-03-15"})
    assert not matches({"lead": "updated_at", "operator": "is_not", "value": "2026-03-15", "must_have_value": True})


def test_a_lead_that_this_event_brought_was_made_now() -> None:
    made = {"lead": "created_at", "operator": "is", "value": NOW.isoformat()}
    assert matches({"all": [made, LATELY]}, lead(new=True))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (COUNT, True),
        (step("change_tags", add=["hot"]), True),
        (step("freeze_processing"), None),  # then nobody is asked any more
        (step("add_to_list", list="news"), False),
        (step("change_program_status", program="webinar", status="invited"), False),
        (step("add_note", text="hi"), False),
    ],
)
def test_what_an_earlier_event_of_the_bundle_changed_was_changed_now(change: Any, found: bool | None) -> None:
    asks = campaign(step("change_stage", stage="vip"), filter=LATELY, on=on("page_view"))
    book = rulebook(campaign(change), asks)
    alone, who = stored(), stored()

    run(book, alone, event("page_view"))
    run(book, who, event(), event("page_view", id="e2"))

    assert "stage" not in alone.values
    assert ("stage" in who.values) is bool(found)
    if found is None:
        assert who.frozen_until is not None


def test_a_step_sees_what_the_step_before_it_changed() -> None:
    asking = {
        "id": "asks", "action": "change_stage",
        "choices": [{"when": LATELY, "params": {"stage": "vip"}}], "default": {"stage": "customer"},
    }  # fmt: skip
    first, then = stored(), stored()
    run(rulebook(campaign(asking)), first)
    run(rulebook(campaign(COUNT, asking)), then)
    assert (first.values["stage"], then.values["stage"]) == ("customer", "vip")


def row(kind: str, ago: timedelta, **data: Any) -> ActivityRow:
    return ActivityRow(7, NOW - ago, kind, 1, 1, "one", "", {"outcome": "done", **data})


CHANGE = {"field": "score", "old": 1, "new": 2}
TOLD = {"event_id": "e", "source": "signal", "data": CHANGE}


@pytest.mark.parametrize(
    ("rows", "created", "updated"),
    [
        ([], None, None),
        ([row("lead.created", DAY)], DAY, DAY),
        ([row("lead.created", 9 * DAY), row("change_score", DAY, **CHANGE)], 9 * DAY, DAY),
        ([row("change_tags", DAY, added=["hot"], removed=[])], None, DAY),
        ([row("field.changed", DAY, **TOLD)], None, DAY),
        ([row("delete_lead", DAY)], None, DAY),
        ([row("change_score", DAY, **CHANGE, **{"outcome": "no_op"})], None, None),
        ([row("purchase", DAY, event_id="e", data={})], None, None),
        ([row("add_to_list", DAY, list="news")], None, None),
        ([row("change_member_data", DAY, program="webinar", field="seat", old="1", new="2")], None, None),
    ],
)
def test_who_looks_back_is_told_by_the_history(
    rows: list[ActivityRow], created: timedelta | None, updated: timedelta | None
) -> None:
    for name, ago in (("created_at", created), ("updated_at", updated)):
        who = lead()
        who.history = Remembered(rows)
        asked = {"operator": "is_empty"} if ago is None else {"operator": "is", "value": (NOW - ago).isoformat()}
        assert matches({"lead": name, **asked}, who)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"lead": "changed_at", "operator": "is_empty"}, "filter.lead: expected created_at or updated_at, got 'change"),
        ({"lead": "updated_at"}, "filter.operator: names no operator"),
        ({"lead": "updated_at", "operator": "before", "value": "soon"}, "filter.value: "),
        ({"lead": "updated_at", "operator": "is_empty", "since": "entry"}, "filter.since: has no meaning here"),
        ({"activity": "purchase", "first": {"operator": "is_empty", "at": 1}}, "filter.first.at: has no meaning here"),
    ],
)
def test_a_condition_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)


def test_who_asks_for_the_last_change_is_warned_of_who_changes_the_lead() -> None:
    asks = campaign(step("add_note", text="hi"), filter=LATELY)
    made = campaign(step("add_note", text="hi"), filter=LATELY | {"lead": "created_at"})
    for change, what in ((COUNT, "field “score”"), (step("change_tags", add=["hot"]), "tag “hot”")):
        assert what in races(asks, campaign(change))[0]
        assert races(made, campaign(change)) == []
    assert races(asks, campaign(step("add_to_list", list="news"))) == []


@pytest.mark.parametrize(
    ("changed", "rows", "updated"),
    [
        (2 * DAY, [], 2 * DAY),
        (-DAY, [], None),  # since the moment that is looked back at: when it was before is not known
        (-DAY, [row("change_score", DAY, **CHANGE)], DAY),
    ],
)
def test_what_the_history_does_not_tell_is_as_it_is_stored(
    changed: timedelta, rows: list[ActivityRow], updated: timedelta | None
) -> None:
    who = lead()
    who.history = Remembered(rows, {TIMES_OF: LeadTimes(NOW - 9 * DAY, NOW - changed)})
    asked = {"operator": "is_empty"} if updated is None else {"operator": "is", "value": (NOW - updated).isoformat()}

    made = {"lead": "created_at", "operator": "is", "value": (NOW - 9 * DAY).isoformat()}
    assert matches({"all": [made, {"lead": "updated_at", **asked}]}, who)
