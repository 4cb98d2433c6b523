"""Conditions on objects and opportunities of a lead; samples."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.filters.samples import place_of
from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import lead
from tests.unit.campaigns.filters.matching import fault, matches


def owner() -> LeadState:
    who = lead()
    who.records = {
        ("object", "car:A1"): {"fields": {"seats": 5, "plate": "A-1", "bought": "2026-01-01"}, "relation": "owns"},
        ("object", "car:B2"): {"fields": {"seats": 2}},
        ("opportunity", "O1"): {"stage": "won", "amount": "1000.50"},
        ("opportunity", "O2"): {"stage": "open", "role": "buyer"},
    }
    return who


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"object": "car"}, True),
        ({"object": "car", "operator": "not_in"}, False),
        ({"object": "car", "count": {"exactly": 2}}, True),
        ({"object": "car", "count": {"at_least": 3}}, False),
        ({"object": "car", "relation": "OWNS", "count": {"exactly": 1}}, True),
        ({"object": "car", "where": {"plate": "a-1"}}, True),
        ({"object": "car", "where": [{"attribute": "seats", "operator": "at_least", "value": 6}]}, False),
        (
            {
                "object": "car",
                "where": [{"attribute": "plate", "operator": "is_not", "value": "A-1"}],
                "count": {"exactly": 1},
            },
            True,
        ),
        ({"object": "car", "where": [{"attribute": "bought", "operator": "before", "value": "2026-02-01"}]}, True),
        ({"opportunity": None, "count": {"exactly": 2}}, True),
        ({"opportunity": "O1"}, True),
        ({"opportunity": "O"}, False),
        ({"opportunity": "O1", "where": {"stage": "open"}}, False),
        ({"opportunity": None, "where": [{"attribute": "amount", "operator": "at_least", "value": "1000.5"}]}, True),
        ({"opportunity": None, "where": {"role": "buyer", "stage": "open"}}, True),
    ],
)
def test_what_belongs_to_a_lead_is_asked_for_its_fields_and_counted(condition: Any, found: bool) -> None:
    assert matches(condition, owner()) is found


def test_who_has_nothing_has_none_of_it() -> None:
    assert not matches({"object": "car"})
    assert matches({"object": "car", "count": {"exactly": 0}})
    assert matches({"opportunity": None, "operator": "not_in"})


def test_a_sample_stays_grows_and_is_another_for_each_name() -> None:
    places = {name: [place_of("acme", name, str(key)) for key in range(2_000)] for name in ("one", "two")}
    few, more = ({key for key, place in enumerate(places["one"]) if place < share} for share in (1_000, 2_000))

    assert few < more
    assert 140 < len(few) < 260
    assert len(few & {key for key, place in enumerate(places["two"]) if place < 1_000}) < 60
    assert matches({"sample": "one", "percent": 100}) and not matches(
        {"sample": "one", "operator": "not_in", "percent": 100}
    )


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"object": "boat"}, "filter.object: unknown object 'boat'"),
        ({"object": "car", "where": {"wheels": 4}}, "filter.where.wheels.attribute: event type 'car' has no attribute"),
        ({"object": "car", "where": {"seats": "many"}}, "filter.where.seats.value: expected a whole number"),
        ({"object": "car", "count": {"many": 1}}, "filter.count: expected an object with one of at_least"),
        ({"object": "car", "relation": 7}, "filter.relation.value: expected text"),
        ({"object": "car", "operator": "has"}, "filter.operator: expected in or not_in"),
        ({"opportunity": 7}, "filter.opportunity: expected the id of an opportunity, or null"),
        ({"opportunity": None, "where": {"value": 7}}, "filter.where.value.attribute: event type 'opportunity' has no"),
        ({"sample": "", "percent": 1}, "filter.sample: expected a name"),
        ({"sample": "one"}, "filter.percent: expected a number above 0 up to 100"),
        ({"sample": "one", "percent": 0.001}, "filter.percent: expected a number above 0 up to 100"),
        ({"sample": "one", "percent": 101}, "filter.percent: expected a number above 0 up to 100"),
    ],
)
def test_a_condition_at_fault_is_named(condition: Any, message: str) -> None:
    assert fault(condition).startswith(message)
