"""A scene is what it says: an event does so many actions, tenants have as much as each other or not."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from campaigns.language.schema import AttributeSpec, event_type
from tests.benchmarks.suites.matrix import BASE, POINTS, compare
from tests.benchmarks.world import Scene, events, in_turns
from tests.unit.campaigns.acme import event, lead, outcomes, rulebook, run, schema

AMOUNTS = ("1.00", "999.99")
AMOUNT = AttributeSpec("amount", "decimal", required=True)
TENANT = schema(event_types={name: event_type(name, AMOUNT) for name in ("purchase", "visit")})


@pytest.mark.parametrize("name", POINTS)
def test_an_event_does_as_many_actions_as_are_counted(name: str) -> None:
    scene = POINTS[name].scene
    book, who = rulebook(scene.document, tenant=TENANT), lead(new=True)

    for number, amount in enumerate(AMOUNTS):
        done = outcomes(run(book, who, event(id=f"e{number}", amount=amount)))
        assert [outcome for _, _, outcome in done] == ["done"] * scene.actions


def test_cases_are_shares_of_the_base() -> None:
    rows = {
        BASE: {"events": 1000.0, "actions": 3000.0, "cpu": 100.0, "cpu_event": 300.0},
        "one": {"events": 1500.0, "actions": 1500.0, "cpu": 250.0, "cpu_event": 250.0},
        "none": {"events": 2000.0, "cpu": 150.0, "cpu_event": 150.0},
    }

    compare(rows)

    assert (rows["one"]["events_of_base"], rows["one"]["actions_of_base"], rows["one"]["cpu_of_base"]) == (
        1.5,
        0.5,
        2.5,
    )
    assert rows["none"]["cpu_event_of_base"] == 0.5
    assert "actions_of_base" not in rows["none"]


def test_tenants_in_turns_have_as_many_events_as_each_other() -> None:
    names = [f"t{number}" for number in range(7)]

    assert set(Counter(in_turns(21, names, random.Random(1))).values()) == {3}
    assert set(Counter(in_turns(23, names, random.Random(1))).values()) == {3, 4}
    assert set(Counter(one.tenant for one in events(21, names, even=True)).values()) == {3}


def test_a_hot_lead_has_its_share_of_the_events() -> None:
    leads = Counter((one.tenant, one.lead) for one in Scene(hot=0.3).events(5000, seed=1))

    assert 0.28 < leads["t0000", "lead-0"] / 5000 < 0.32
