"""Leads that are kept off a smart list, for a time or for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import (
    DEFINED,
    act,
    campaign,
    defined,
    faults,
    lead,
    outcomes,
    record,
    rulebook,
    run,
    schema,
    step,
)
from tests.unit.campaigns.filters.matching import matches

ACTION = "exclude_from_smart_list"
BUYERS = {"smart_list": "buyers", "operator": "in"}
BACK = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)  #: Berlin's midnight before April


def excluded(until: str | None = None) -> LeadState:
    who = lead(orders=1)
    act(who, ACTION, list="buyers", until=until)
    return who


def test_the_lead_is_not_on_the_list_though_it_matches() -> None:
    assert matches(BUYERS, lead(orders=1))
    assert not matches(BUYERS, excluded())
    assert matches(BUYERS | {"operator": "not_in"}, excluded())


def test_its_filter_counts_again_when_the_day_begins_where_the_tenant_is() -> None:
    who = excluded("2026-04-01")

    assert record(who, "excluded", "buyers") == {"until": BACK.isoformat()}
    assert not matches(BUYERS, who, now=BACK - timedelta(seconds=1))
    assert matches(BUYERS, who, now=BACK)


def test_a_lead_off_a_list_is_off_the_lists_that_are_made_of_it_and_not_of_others() -> None:
    lists = {
        **DEFINED["smart_list"],
        "best": defined("smart_list", "best", filter=BUYERS),
        "twin": defined("smart_list", "twin", filter={"field": "orders", "operator": "at_least", "value": 1}),
    }
    acme = schema(definitions={**DEFINED, "smart_list": lists})

    assert matches({"smart_list": "best"}, lead(orders=1), acme)
    assert not matches({"smart_list": "best"}, excluded(), acme)
    assert matches({"smart_list": "twin"}, excluded(), acme)


def test_it_is_logged_with_old_and_new_and_the_same_again_is_no_change() -> None:
    once = step(ACTION, list="buyers")
    again = once | {"id": "two"}
    later = step(ACTION, "three", list="buyers", until="2026-04-01")
    rows = run(rulebook(campaign(once, again, later)), lead())

    assert outcomes(rows) == [
        ("one", "exclude_from_list", "done"),
        ("two", "exclude_from_list", "no_op"),
        ("three", "exclude_from_list", "done"),
    ]
    assert rows[-1].data == {
        "excluded": "buyers", "old": {"until": None}, "new": {"until": BACK.isoformat()}, "outcome": "done",
    }  # fmt: skip


def test_the_day_may_come_from_a_token_and_null_is_for_ever() -> None:
    who = lead(birthday=date(2026, 4, 1))
    act(who, ACTION, list="buyers", until="{{ lead.birthday }}")
    assert record(who, "excluded", "buyers") == {"until": BACK.isoformat()}

    other = lead()
    act(other, ACTION, list="buyers", until="{{ lead.birthday }}")
    assert record(other, "excluded", "buyers") == {"until": None}


def test_a_day_that_has_begun_fails() -> None:
    who = lead()
    row = act(who, ACTION, list="buyers", until="2026-03-15")

    assert (row["outcome"], row["reason"]) == (
        "failed",
        "the exclusion would be over already: 2026-03-15 is no day to come",
    )
    assert who.records == {}


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"list": "nowhere"}, "unknown smart list 'nowhere'"),
        ({"list": "vips"}, "unknown smart list 'vips'"),  # a static one
        ({"list": "gone"}, "smart list 'gone' is archived"),
        ({"list": "buyers", "until": "soon"}, "expected a date"),
        ({}, "list"),
    ],
)
def test_bad_parameters_are_faults(params: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step(ACTION, **params)))
    assert fault in found
