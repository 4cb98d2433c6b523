"""The trigger by which a campaign is run for an audience."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.campaigns.acme import campaign, event, faults, lead, rulebook, run, step

COUNT = step("change_score", "count", amount=1)
RED = {"field": "colour", "operator": "is", "value": "red"}
BATCH = {"type": "batch", "audience": RED}


def test_a_member_is_heard_by_the_campaign_whose_batch_it_is() -> None:
    book = rulebook(welcome=campaign(COUNT, on=BATCH))
    member, other = lead(), lead()

    run(book, member, event("batch.member", campaign="welcome", batch="1"))
    run(book, other, event("batch.member", campaign="old", batch="1"))

    assert (member.values.get("score"), other.values.get("score")) == (1, None)


def test_what_the_audience_looks_at_is_not_loaded_with_events() -> None:
    book = rulebook(
        welcome=campaign(COUNT, on={"type": "batch", "audience": {"field": "lists", "operator": "is_empty"}})
    )
    assert not book.needs_lists


@pytest.mark.parametrize(
    ("audience", "fault"),
    [
        (None, "triggers[0].audience: "),
        ({"field": "colur", "operator": "is", "value": "red"}, "triggers[0].audience.field: unknown field 'colur'"),
        (
            {"event": "amount", "operator": "is", "value": 1},
            "triggers[0].audience.event: there is no event here",
        ),
    ],
)
def test_an_audience_that_is_no_filter_is_a_fault(audience: Any, fault: str) -> None:
    found = faults(campaign(COUNT, on={"type": "batch", "audience": audience}))
    assert [one for one in found if fault in str(one)], found


def test_a_campaign_has_one_audience() -> None:
    document = campaign(COUNT, on=BATCH)
    document["triggers"].append(BATCH)
    assert [str(one) for one in faults(document)] == [
        "triggers[1].type: there is a trigger batch already; one campaign has one audience"
    ]
