from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.races import Entrant, find_races
from tests.unit.campaigns.acme import ACME, campaign, on, step

SCORE = step("change_score", amount=1)
NOTE = step("add_note", text="hi")
STAGE = step("change_stage", stage="vip")
IF_SCORE = {"field": "score", "operator": "greater_than", "value": 3}


def entrant(key: str, document: dict[str, Any], position: int = 0) -> Entrant:
    return Entrant(ord(key[0]), key, key.title(), position, document)


def races(mine: dict[str, Any], other: dict[str, Any], *more: Entrant, position: int = 1) -> list[str]:
    """What `mine`, at position 1, is warned of beside `other`."""
    others = [entrant("other", other, position), *more]
    return [fault.message for fault in find_races(entrant("mine", mine, 1), others, ACME)]


READER = campaign(STAGE, filter=IF_SCORE)
WRITER = campaign(SCORE)


def test_who_reads_what_another_writes_is_told_the_order_and_what_to_write() -> None:
    assert races(READER, WRITER, position=0) == [
        "“Other” (other) hears purchase too: it writes what this campaign reads, field “score”. By position it goes"
        " first now, this one after. To keep it first, write after: [other] here; to go before it, write"
        " after: [mine] there"
    ]


def test_who_writes_what_another_reads_is_told_too() -> None:
    [said] = races(WRITER, READER)

    assert "it reads what this campaign writes, field “score”. By position this campaign goes first now" in said


def test_two_that_write_the_same_are_told_so_once() -> None:
    [said] = races(WRITER, WRITER)

    assert ": both write field “score”. By" in said
    assert "reads" not in said


@pytest.mark.parametrize(
    "other",
    [
        campaign(STAGE),
        campaign(SCORE, on=on("signup")),
        campaign(SCORE, on={"type": "field_changed", "field": "nickname"}),
        campaign(NOTE, filter=IF_SCORE),
    ],
)
def test_without_a_conflict_or_an_event_in_common_nothing_is_said(other: dict[str, Any]) -> None:
    assert races(campaign(NOTE, filter=IF_SCORE), other) == []


def test_between_two_classes_priority_says_who_goes_first() -> None:
    urgent = Entrant(9, "other", "Other", 5, WRITER, "high")

    [said] = [fault.message for fault in find_races(entrant("mine", WRITER, 1), [urgent], ACME)]

    assert "By priority it goes first now, this one after." in said


def test_different_fields_are_different_events() -> None:
    def hears(field: str | None) -> dict[str, Any]:
        return campaign(SCORE, on={"type": "field_changed", "field": field})

    assert races(hears("orders"), hears("nickname")) == []
    [said] = races(hears("orders"), hears("orders"))
    assert "hears field.changed of orders too" in said


def test_history_that_both_add_to_is_no_race_but_asking_for_it_is() -> None:
    asks = campaign(NOTE, filter={"activity": "change_score"})

    assert races(campaign(NOTE), campaign(NOTE)) == []
    assert "history of “change_score”" in races(asks, WRITER)[0]


def test_an_order_that_is_said_needs_no_warning() -> None:
    between = entrant("between", campaign(step("add_to_list", list="news"), after=["other"]))

    assert races({**READER, "after": ["other"]}, WRITER) == []
    assert races(READER, {**WRITER, "after": ["mine"]}) == []
    assert races({**READER, "after": ["between"]}, WRITER, between) == []
    assert len(races({**READER, "after": ["elsewhere"]}, WRITER)) == 1


def test_the_order_now_is_that_of_all_campaigns() -> None:
    held = {**WRITER, "after": ["last"]}

    [said] = races(READER, held, entrant("last", campaign(NOTE), 9), position=0)

    assert "this campaign goes first now" in said


def test_the_live_version_of_itself_is_no_rival() -> None:
    assert find_races(entrant("mine", READER), [entrant("mine", WRITER)], ACME) == []


def test_who_cannot_be_read_is_left_out() -> None:
    for broken in (None, {}, {"triggers": "x"}, campaign(SCORE, on=on("gone"))):
        assert find_races(entrant("mine", READER), [entrant("other", broken)], ACME) == []  # type: ignore[arg-type]


def test_many_differences_are_counted() -> None:
    fields = dict.fromkeys(("nickname", "notes", "orders", "total", "newsletter", "birthday", "last_seen"))
    many = campaign(step("change_fields", fields=fields))

    assert "field “nickname”, field “notes” and 2 more." in races(many, many)[0]
