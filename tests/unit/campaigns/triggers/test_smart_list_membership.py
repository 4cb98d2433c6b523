"""Triggers that hear who begins to match a smart list and who ceases to, and who is moved between partitions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from campaigns.language.lead import LeadState
from campaigns.language.races import Entrant, find_races
from campaigns.language.rulebook import CampaignRow, compile_rulebook
from campaigns.language.watching import SEEN
from engine.types import Event
from tests.unit.campaigns.acme import (
    ACME,
    DEFINED,
    NOW,
    campaign,
    defined,
    event,
    faults,
    lead,
    on,
    record,
    rulebook,
    run,
    step,
)
from tests.unit.campaigns.triggers.test_triggers import heard

COUNT, UNCOUNT = step("change_score", "count", amount=1), step("change_score", "count", amount=100)
ON_JOINED = campaign(COUNT, on={"type": "smart_list_joined", "smart_list": "buyers"})
ON_LEFT = campaign(UNCOUNT, on={"type": "smart_list_left", "smart_list": "buyers"})
BUY = campaign(step("increment_number", field="orders", by=1))
FORGET = campaign(step("clear_fields", fields=["orders"]), on=on("page_view"))
BOOK = rulebook(ON_JOINED, ON_LEFT, BUY, FORGET)


def outside(type: str, id: str = "s1", **data: Any) -> Event:
    """What a person changed, of which the lead's lane is told after the change."""
    return structs.replace(event(type, id=id, **data), source="signal:ann")


def score(who: LeadState) -> int:
    return who.values.get("score") or 0


def test_joining_and_leaving_are_heard_once_each() -> None:
    who = lead()
    seen = []
    for number, type in enumerate(("signup", "purchase", "purchase", "page_view", "signup", "purchase")):
        run(BOOK, who, event(type, id=f"e{number}"))
        seen.append(score(who))
    assert seen == [0, 1, 1, 101, 101, 102]


def test_it_is_in_the_leads_history() -> None:
    who = lead()
    rows = run(BOOK, who, event(), event("page_view", id="e2"))
    said = [(row.kind, row.data["list"]) for row in rows if row.kind.startswith("smart_list.")]
    assert said == [("smart_list.joined", "buyers"), ("smart_list.left", "buyers")]


def test_a_new_lead_joins() -> None:
    who = lead(new=True)
    run(BOOK, who, event())
    assert score(who) == 1


def test_who_was_on_it_before_anybody_watched_does_not_join_but_leaves() -> None:
    who = lead(orders=3)
    run(BOOK, who, event())
    assert (score(who), record(who, SEEN, "buyers")) == (0, {"on": True, "by": [1, 2]})
    run(BOOK, who, event("page_view", id="e2"))
    assert score(who) == 100


@pytest.mark.parametrize(
    ("told", "values", "expected"),
    [
        (outside("field.changed", field="orders", old=None, new=1), {"orders": 1}, 1),
        (outside("field.changed", field="orders", old=1, new=2), {"orders": 2}, 0),
        (outside("field.changed", field="orders", old=1, new=None), {}, 100),
        (outside("field.changed", field="nickname", old=None, new="x"), {"orders": 2}, 0),
        (outside("lead.created"), {"orders": 2}, 1),
    ],
)
def test_a_change_from_outside_counts_though_the_lead_is_changed_already(
    told: Event, values: dict[str, Any], expected: int
) -> None:
    who = lead(**values)
    run(BOOK, who, told)
    assert score(who) == expected


def test_two_changes_of_one_save_are_one_joining() -> None:
    both = {
        "all": [
            {"field": "orders", "operator": "at_least", "value": 1},
            {"field": "colour", "operator": "is", "value": "red"},
        ]
    }
    tenant = with_list("keen", both)
    book = rulebook(campaign(COUNT, on={"type": "smart_list_joined", "smart_list": "keen"}), tenant=tenant)
    who = lead(orders=1, colour="red")
    run(
        book, who, outside("field.changed", field="colour", old=None, new="red"),
        outside("field.changed", id="s2", field="orders", old=None, new=1),
    )  # fmt: skip
    assert score(who) == 1


def with_list(key: str, filter: dict[str, Any]) -> Any:
    lists = {**DEFINED["smart_list"], key: defined("smart_list", key, filter=filter)}
    return replace(ACME, definitions={**ACME.definitions, "smart_list": lists})


@pytest.mark.parametrize(
    ("field", "value", "told", "parts"),
    [
        ("tags", ["hot"], outside("tag.added", tag="hot"), {"tags": {"hot"}}),
        ("tags", None, outside("tag.removed", tag="hot"), {}),
        ("lists", ["vips"], outside("list.joined", list="vips"), {"lists": {"vips"}}),
        ("lists", None, outside("list.left", list="vips"), {}),
    ],
)
def test_tags_and_lists_from_outside_count_too(field: str, value: Any, told: Event, parts: Any) -> None:
    operator = {"operator": "contains_any_of", "value": value} if value else {"operator": "is_empty"}
    filter = {"field": field, **operator}
    book = rulebook(
        campaign(COUNT, on={"type": "smart_list_joined", "smart_list": "it"}), tenant=with_list("it", filter)
    )
    who = lead(**parts)
    run(book, who, told)
    assert score(who) == 1


def test_what_the_clock_changes_is_noticed_with_the_next_event() -> None:
    recent = with_list("recent", {"field": "last_seen", "operator": "in_past", "value": {"amount": 3, "unit": "days"}})
    book = rulebook(campaign(COUNT, on={"type": "smart_list_left", "smart_list": "recent"}), tenant=recent)
    who = lead(last_seen=NOW - timedelta(days=1))
    run(book, who, event("signup"))
    run(book, who, event("signup", id="e2"), now=NOW + timedelta(days=1))
    assert score(who) == 0
    run(book, who, event("signup", id="e3"), now=NOW + timedelta(days=3))
    assert score(who) == 1


def test_campaigns_that_put_a_lead_on_and_off_for_ever_are_stopped() -> None:
    off = campaign(step("clear_fields", fields=["orders"]), on={"type": "smart_list_joined", "smart_list": "buyers"})
    back = campaign(
        step("change_field", field="orders", value=1), on={"type": "smart_list_left", "smart_list": "buyers"}
    )
    rows = run(rulebook(off, back, BUY), lead())
    assert [row.kind for row in rows].count("loop_stopped") == 1


def test_a_campaign_that_watches_anew_does_not_hear_what_happened_while_nobody_did() -> None:
    rows = [CampaignRow(9, "again", "again", 1, 1, ON_JOINED)]
    who = lead(orders=1)
    who.records[SEEN, "buyers"] = {"on": False, "by": [1]}
    run(compile_rulebook(ACME, 1, rows), who, event("signup"))
    assert (score(who), record(who, SEEN, "buyers")) == (0, {"on": True, "by": [9]})


def test_an_exit_hears_it_too() -> None:
    leave = {"label": "bought", "trigger": {"type": "smart_list_joined", "smart_list": "buyers"}}
    stay = campaign(step("wait_duration", "rest", wait={"amount": 1, "unit": "days"}), on=on("signup"), exits=[leave])
    who = lead()
    run(rulebook(stay, BUY), who, event("signup"))
    assert len(who.runs) == 1
    run(rulebook(stay, BUY), who, event(id="e2"))
    assert who.runs == {}


def test_who_is_frozen_joins_when_that_is_over() -> None:
    who = lead(orders=None)
    run(BOOK, who, event("signup"))
    who.frozen_until = NOW + timedelta(days=1)
    who.values["orders"] = 1
    run(BOOK, who, event("signup", id="e2"))
    assert score(who) == 0
    run(BOOK, who, event("signup", id="e3"), now=NOW + timedelta(days=2))
    assert score(who) == 1


def test_rulebooks_without_such_triggers_watch_nothing() -> None:
    assert rulebook(BUY).watches == ()
    assert SEEN not in rulebook(BUY).needs_records
    assert SEEN in BOOK.needs_records


def test_what_the_list_looks_at_is_loaded_and_compared_with_other_campaigns() -> None:
    listed = with_list("it", {"field": "lists", "operator": "is_empty"})
    document = campaign(COUNT, on={"type": "smart_list_left", "smart_list": "it"})
    assert rulebook(document, tenant=listed).needs_lists
    reads = {**campaign(COUNT), "triggers": [on("purchase"), *ON_JOINED["triggers"]]}
    entrants = [Entrant(1, "a", "A", 1, reads), Entrant(2, "b", "B", 2, BUY)]
    (warning,) = find_races(entrants[0], entrants, ACME)
    assert "field “orders”" in str(warning)


@pytest.mark.parametrize("type", ["smart_list_joined", "smart_list_left"])
@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (None, "triggers[0].smart_list: unknown smart list null"),
        ("byers", "triggers[0].smart_list: unknown smart list 'byers'; did you mean 'buyers'?"),
        ("gone", "triggers[0].smart_list: smart list 'gone' is archived"),
    ],
)
def test_a_list_that_is_none_is_a_fault(type: str, key: Any, fault: str) -> None:
    (found,) = faults(campaign(COUNT, on={"type": type, "smart_list": key}))
    assert found.startswith(fault)


MOVE = step("change_partition", partition="asia")


@pytest.mark.parametrize(
    ("keys", "old", "matches"),
    [
        ({}, None, True),
        ({}, "asia", False),
        ({"to": "asia"}, "europe", True),
        ({"to": "europe"}, None, False),
        ({"from": "europe"}, "europe", True),
        ({"from": "europe", "to": "asia"}, None, False),
        ({"from": None}, None, True),
        ({"from": None}, "europe", False),
    ],
)
def test_a_move_into_another_partition_is_heard_by_its_ends(
    keys: dict[str, Any], old: str | None, matches: bool
) -> None:
    who = lead()
    if old:
        who.records["partition", "current"] = {"partition": old}
    run(rulebook(campaign(MOVE), campaign(COUNT, on={"type": "partition_changed", **keys})), who)
    assert score(who) == matches


def test_partitions_that_are_none_are_faults() -> None:
    assert not heard({"type": "partition_changed"}, COUNT)
    found = faults(campaign(COUNT, on={"type": "partition_changed", "from": "azia", "to": 3}))
    assert [one.split(";")[0] for one in found] == [
        "triggers[0].from: unknown partition 'azia'", "triggers[0].to: unknown partition 3",
    ]  # fmt: skip
