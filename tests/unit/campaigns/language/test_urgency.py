from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.priority import Urgent
from campaigns.language.urgency import urgent_events
from tests.unit.campaigns.acme import ACME, campaign, step

NOTE = step("add_note", text="hi")
SIGNUP = {"label": "in", "trigger": {"type": "event", "event": "signup"}, "steps": [step("add_note", "n2", text="in")]}
WAIT = step("wait_for_event", "wait", branches=[SIGNUP], timeout={"amount": 1, "unit": "days"})


def urgent(*documents: Any) -> Urgent:
    return urgent_events([(f"c{place}", document) for place, document in enumerate(documents, 1)], ACME)


@pytest.mark.parametrize(
    ("trigger", "type", "data", "other"),
    [
        ({"type": "event", "event": "purchase"}, "purchase", {}, None),
        ({"type": "tag_added", "tag": "vip"}, "tag.added", {"tag": "vip"}, {"tag": "lost"}),
        ({"type": "campaign_requested"}, "campaign.requested", {"campaign": "c1"}, {"campaign": "c2"}),
    ],
)
def test_what_a_campaign_hears_is_urgent_and_nothing_else(trigger: Any, type: str, data: Any, other: Any) -> None:
    found = urgent(campaign(NOTE, on=trigger))

    assert found.hears(type, data)
    assert not found.hears("signup", data)
    assert other is None or not found.hears(type, other)


def test_what_those_inside_wait_for_or_leave_at_is_urgent() -> None:
    left = campaign(NOTE, exits=[{"label": "out", "trigger": {"type": "event", "event": "page_view"}}])

    found = urgent(campaign(WAIT), left)

    assert all(found.hears(type, {}) for type in ("purchase", "signup", "page_view"))


def test_of_two_triggers_the_wider_one_counts() -> None:
    tags = [{"type": "tag_added", "tag": "vip"}, {"type": "tag_added"}]

    assert urgent(*(campaign(NOTE, on=one) for one in tags)).hears("tag.added", {"tag": "lost"})


def test_a_campaign_that_cannot_run_hears_nothing() -> None:
    assert urgent(campaign(NOTE, on={"type": "no_such"})).heard == {}
