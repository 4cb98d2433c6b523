"""Triggers that hear what campaigns do to a lead."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from campaigns.language.document import validate
from tests.unit.campaigns.acme import ACME, campaign, event, faults, lead, on, rulebook, run, step
from tests.unit.campaigns.triggers.test_triggers import COUNT, heard, purchase_heard


@pytest.mark.parametrize(("tag", "matches"), [("cold", True), (None, True), ("hot", False)])
def test_a_tag_is_heard_when_it_is_removed(tag: str | None, matches: bool) -> None:
    trigger = {"type": "tag_removed"} | ({"tag": tag} if tag else {})

    assert heard(trigger, step("change_tags", remove=["cold"]), tags={"cold"}) is matches


def test_a_tag_that_was_not_there_is_not_removed() -> None:
    assert not heard({"type": "tag_removed"}, step("change_tags", add=["hot"], remove=["cold"]), tags=set())


@pytest.mark.parametrize(("key", "matches"), [("vips", True), (None, True), ("news", False)])
def test_a_list_is_heard_when_it_is_left(key: str | None, matches: bool) -> None:
    trigger = {"type": "list_left"} | ({"list": key} if key else {})

    assert heard(trigger, step("remove_from_list", list="vips"), lists={"vips"}) is matches


def test_joining_a_list_is_not_leaving_it() -> None:
    assert not heard({"type": "list_left"}, step("add_to_list", list="vips"))


SCORE = step("change_score", "count", amount=1)


def stage_heard(trigger: dict[str, Any], old: str | None, new: str) -> bool:
    who = lead(**({"stage": old} if old else {}))
    change = step("change_stage", stage=new, allow_backward=True)
    run(rulebook(campaign(change), campaign(SCORE, on={"type": "stage_changed", **trigger})), who)
    return who.values.get("score") == 1


@pytest.mark.parametrize(
    ("trigger", "old", "new", "matches"),
    [
        ({}, "customer", "vip", True),
        ({"to": "vip"}, "customer", "vip", True),
        ({"to": "vip"}, "customer", "repeat", False),
        ({"from": "customer", "to": "vip"}, "customer", "vip", True),
        ({"from": None}, None, "vip", True),
        ({"from": None}, "customer", "vip", False),
        ({"direction": "up"}, "repeat", "vip", True),
        ({"direction": "up"}, None, "customer", True),
        ({"direction": "down"}, "repeat", "vip", False),
        ({"direction": "down"}, "vip", "repeat", True),
        ({"direction": "up"}, "vip", "repeat", False),
    ],
)
def test_a_change_of_stage_is_heard_by_its_ends_and_direction(
    trigger: dict[str, Any], old: str | None, new: str, matches: bool
) -> None:
    assert stage_heard(trigger, old, new) is matches


@pytest.mark.parametrize(("to", "matches"), [("ann@acme.test", True), ("bob@acme.test", False)])
def test_a_change_of_owner_is_heard(to: str, matches: bool) -> None:
    assert heard({"type": "owner_changed", "to": to}, step("change_owner", owner="ann@acme.test")) is matches


def test_a_change_of_company_is_heard_from_outside_too() -> None:
    changed = event("field.changed", field="company", old=None, new="Globex")
    who = lead()
    run(rulebook(campaign(COUNT, on={"type": "company_changed", "to": "globex"})), who, changed)

    assert who.values["stage"] == "vip"


@pytest.mark.parametrize(
    ("field", "values", "new", "up"),
    [
        ("total", {"total": 3}, "4.5", True),
        ("total", {"total": 5}, "4.5", False),
        ("orders", {}, 1, True),
        ("birthday", {"birthday": date(2000, 1, 1)}, "1999-12-31", False),
    ],
)
def test_a_field_is_heard_by_its_direction(field: str, values: dict[str, Any], new: Any, up: bool) -> None:
    change = step("change_field", field=field, value=new)

    assert heard({"type": "field_changed", "field": field, "direction": "up"}, change, **values) is up
    assert heard({"type": "field_changed", "field": field, "direction": "down"}, change, **values) is not up


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        ([{"attribute": "new", "operator": "at_least", "value": 10}], True),
        ([{"attribute": "new", "operator": "at_least", "value": 11}], False),
        ([{"attribute": "old", "operator": "is_empty"}], True),
    ],
)
def test_any_trigger_takes_constraints_on_its_events_attributes(where: list[Any], matches: bool) -> None:
    change = step("change_field", field="orders", value=10)

    assert heard({"type": "field_changed", "field": "orders", "where": where}, change) is matches


def test_constraints_narrow_what_a_trigger_hears_by_its_own_keys() -> None:
    trigger = {"type": "score_changed", "crosses": 5}
    where = [{"attribute": "change", "operator": "at_least", "value": 20}]

    assert heard(trigger, step("change_score", amount=10), score=0)
    assert not heard(trigger | {"where": where}, step("change_score", amount=10), score=0)
    assert heard(trigger | {"where": where}, step("change_score", amount=20), score=0)


@pytest.mark.parametrize(
    ("trigger", "matches"), [({}, True), ({"fields": ["orders", "total"]}, True), ({"fields": ["total"]}, False)]
)
def test_an_update_of_any_field_is_heard(trigger: dict[str, Any], matches: bool) -> None:
    change = step("change_field", field="orders", value=10)

    assert heard({"type": "lead_updated", **trigger}, change) is matches


@pytest.mark.parametrize(
    ("trigger", "old", "amount", "matches"),
    [
        ({}, 40, 10, True),
        ({}, 60, -20, False),
        ({"direction": "down"}, 60, -20, True),
        ({"direction": "down"}, 40, 10, False),
        ({"direction": "either"}, 60, -20, True),
        ({"direction": "either"}, 60, 10, False),
    ],
)
def test_a_score_that_crosses_a_level_is_heard(trigger: dict[str, Any], old: int, amount: int, matches: bool) -> None:
    change = step("change_score", amount=amount)

    assert heard({"type": "score_crossed", "level": 50, **trigger}, change, score=old) is matches


MEMBER = step("change_program_status", "join", program="webinar", status="invited")
SEAT = step("change_member_data", "seat", program="webinar", field="seat", value="7B")


@pytest.mark.parametrize(
    ("trigger", "matches"),
    [
        ({}, True),
        ({"program": "webinar", "field": "seat"}, True),
        ({"program": "webinar", "field": "diet"}, False),
        ({"where": [{"attribute": "new", "operator": "is", "value": "7b"}]}, True),
        ({"where": [{"attribute": "old", "operator": "is_not_empty"}]}, False),
    ],
)
def test_what_is_kept_of_a_member_is_heard_when_it_changes(trigger: dict[str, Any], matches: bool) -> None:
    assert heard({"type": "member_data_changed", **trigger}, MEMBER, SEAT) is matches


def test_a_membership_alone_is_no_change_of_its_data() -> None:
    assert not heard({"type": "member_data_changed"}, MEMBER)


@pytest.mark.parametrize(("cadence", "matches"), [("paused", True), ("normal", False)])
def test_a_nurture_is_heard_when_it_is_paused(cadence: str, matches: bool) -> None:
    enter = step("add_to_nurture", "enter", nurture="onboarding", stream="basics")
    change = step("change_nurture_cadence", nurture="onboarding", cadence=cadence)
    trigger = {"type": "nurture_cadence_changed", "nurture": "onboarding"}

    assert heard(trigger, enter, change) is matches


@pytest.mark.parametrize(("kind", "matches"), [("Milestone", True), (None, True), ("Web", False)])
def test_an_interesting_moment_is_heard_by_its_kind(kind: str | None, matches: bool) -> None:
    trigger = {"type": "moment_noted"} | ({"kind": kind} if kind else {})

    assert heard(trigger, step("interesting_moment", type="Milestone", description="Bought")) is matches


def test_a_nurture_is_heard_when_it_is_entered() -> None:
    enter = step("add_to_nurture", nurture="onboarding", stream="basics")

    assert heard({"type": "nurture_changed", "nurture": "onboarding"}, enter)
    assert not heard({"type": "nurture_changed"}, step("change_tags", add=["hot"]))


def test_a_new_lead_is_heard_before_what_made_it_and_a_known_one_is_not() -> None:
    book = rulebook(campaign(SCORE, on={"type": "lead_created"}))
    new, known = lead(new=True), lead()

    run(book, new)
    run(book, known)

    assert (new.values.get("score"), known.values.get("score")) == (1, None)


def test_a_request_is_heard_by_the_campaign_that_it_names() -> None:
    book = rulebook(welcome=campaign(SCORE, on={"type": "campaign_requested"}))
    asked, other = lead(), lead()

    run(book, asked, event("campaign.requested", campaign="welcome"))
    run(book, other, event("campaign.requested", campaign="old"))

    assert (asked.values.get("score"), other.values.get("score")) == (1, None)


@pytest.mark.parametrize("what", ["campaign_entered", "campaign_ended"])
@pytest.mark.parametrize(("key", "matches"), [("welcome", True), (None, True), ("old", False)])
def test_a_campaign_is_heard_when_it_is_entered_and_when_it_ends(what: str, key: str | None, matches: bool) -> None:
    trigger = {"type": what} | ({"campaign": key} if key else {})
    who = lead()
    run(rulebook(welcome=campaign(step("change_tags", add=["hot"])), silent=campaign(SCORE, on=trigger)), who)

    assert (who.values.get("score") == 1) is matches


def test_a_campaign_does_not_hear_itself() -> None:
    document = campaign(SCORE, on={"type": "campaign_ended", "campaign": "welcome"})

    (fault,) = validate(document, ACME, key="welcome")
    assert str(fault) == "triggers[0].campaign: is this campaign itself, which would start for ever"


def test_a_campaign_that_nobody_qualifies_for_is_not_entered() -> None:
    nobody = {"field": "orders", "operator": "is", "value": 99}
    book = rulebook(welcome=campaign(COUNT, filter=nobody), silent=campaign(SCORE, on={"type": "campaign_entered"}))
    who = lead()

    run(book, who)

    assert who.values == {}


def test_nothing_is_heard_by_a_trigger_of_another_kind() -> None:
    assert not purchase_heard({"type": "lead_updated"})


@pytest.mark.parametrize(
    ("trigger", "fault"),
    [
        ({"type": "tag_removed", "tag": "ho"}, "tag: unknown tag 'ho'; did you mean 'hot'?"),
        ({"type": "list_left", "list": "vip"}, "list: unknown list 'vip'; did you mean 'vips'?"),
        ({"type": "stage_changed", "to": "x"}, "to: 'x' is not among the options"),
        ({"type": "stage_changed", "direction": "left"}, "direction: expected one of up, down, got 'left'"),
        ({"type": "owner_changed", "from": "x@acme.test"}, "from: 'x@acme.test' is not among the options"),
        ({"type": "company_changed", "to": 7}, "to: expected text"),
        ({"type": "field_changed", "field": "nickname", "direction": "up"}, "direction: values of type string have no"),
        ({"type": "lead_updated", "fields": []}, "fields: expected a list of 1 to 100 fields, got a list"),
        ({"type": "lead_updated", "fields": ["oders"]}, "fields[0]: unknown field 'oders'; did you mean 'orders'?"),
        ({"type": "lead_updated", "fields": ["tags"]}, "fields[0]: is no plain field"),
        ({"type": "score_crossed"}, "level: expected a whole number"),
        ({"type": "score_crossed", "level": 5, "direction": 1}, "direction: expected one of up, down, either, got 1"),
        ({"type": "member_data_changed", "program": "x"}, "program: unknown program 'x'"),
        ({"type": "member_data_changed", "program": "webinar", "field": "x"}, "field: 'webinar' has no field 'x'"),
        ({"type": "member_data_changed", "field": 3}, "field: expected the name of a field, got 3"),
        ({"type": "nurture_cadence_changed", "nurture": "x"}, "nurture: unknown nurture 'x'"),
        ({"type": "campaign_entered", "campaign": "x"}, "campaign: unknown campaign 'x'; known: old, silent, welcome"),
        ({"type": "campaign_ended", "campaign": 1}, "campaign: unknown campaign 1"),
        ({"type": "moment_noted", "kind": ""}, "kind: expected text, got ''"),
        (
            {"type": "tag_added", "where": [{"attribute": "x", "operator": "is_empty"}]},
            "where[0].attribute: event type",
        ),
        (on("message.bouncd"), "event: unknown event type 'message.bouncd'"),
    ],
)
def test_a_trigger_at_fault_is_named(trigger: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(SCORE, on=trigger))

    assert found.startswith(f"triggers[0].{fault}")
