"""Changes made outside, as their events tell of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec import structs

from campaigns.language.outside import is_change, make_again, take_back
from tests.unit.campaigns.acme import ACME, event, lead


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("field.changed", {"field": "birthday", "old": None, "new": "2000-02-29"}),
        ("field.changed", {"field": "orders", "old": 3, "new": None}),
        ("field.changed", {"field": "orders", "old": 3, "new": 4}),
        ("tag.added", {"tag": "hot"}),
        ("tag.removed", {"tag": "vip"}),
        ("list.joined", {"list": "news"}),
        ("list.left", {"list": "vips"}),
    ],
)
def test_a_change_made_again_and_taken_back_leaves_the_lead_as_it_was(type: str, data: dict[str, Any]) -> None:
    who = lead(orders=3, tags={"vip"}, lists={"vips"})
    before = dict(who.values), set(who.tags), set(who.lists)
    make_again(who, type, data, ACME)
    assert (who.values, who.tags, who.lists) != before
    take_back(who, type, data, ACME)
    assert (who.values, who.tags, who.lists) == before


def test_values_are_typed_and_what_fits_no_more_is_none() -> None:
    who = lead(orders=3)
    make_again(who, "field.changed", {"field": "birthday", "new": "2000-02-29"}, ACME)
    make_again(who, "field.changed", {"field": "orders", "new": "many"}, ACME)
    make_again(who, "field.changed", {"field": "gone", "new": 1}, ACME)
    assert who.values == {"birthday": date(2000, 2, 29)}


def test_other_events_change_nothing() -> None:
    who = lead(orders=3)
    take_back(who, "purchase", {"field": "orders", "old": 1}, ACME)
    take_back(who, "field.changed", {}, ACME)  # it was erased
    assert who.values == {"orders": 3}


@pytest.mark.parametrize(
    ("source", "is_one"), [("signal", True), ("signal:ann", True), ("api", False), ("signals", False)]
)
def test_changes_are_told_by_their_source_whoever_made_them(source: str, is_one: bool) -> None:
    assert is_change(structs.replace(event(), source=source)) is is_one
