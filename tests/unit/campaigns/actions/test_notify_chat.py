"""What is said in a chat."""

from __future__ import annotations

import json

import pytest

from tests.unit.campaigns.acme import act, campaign, faults, lead, step


def test_the_text_is_posted_in_place_of_the_webhooks_own_body() -> None:
    who = lead(first_name='Ann "}')
    said = act(who, "notify_chat", destination="crm", text="{{ lead.first_name }} bought {{ event.cds }}")
    (one,) = who.outgoing
    assert json.loads(one.body["body"]) == {"text": 'Ann "} bought 1'}
    assert (one.channel, one.destination) == ("webhook", "crm.example:443")
    assert said == {"webhook": "crm", "text": 'Ann "} bought 1', "outcome": "done"}


@pytest.mark.parametrize(("text", "outcome"), [(None, "skipped"), ("{{ lead.notes }}" * 3, "failed")])
def test_nothing_or_too_much_is_not_sent(text: str | None, outcome: str) -> None:
    who = lead(notes="x" * 2_000)
    assert act(who, "notify_chat", destination="ping", text=text)["outcome"] == outcome
    assert who.outgoing == []


@pytest.mark.parametrize(
    ("destination", "fault"), [("none", "unknown webhook 'none'"), ("gone", "webhook 'gone' is archived")]
)
def test_the_destination_is_a_webhook_that_is_not_archived(destination: str, fault: str) -> None:
    assert fault in faults(campaign(step("notify_chat", destination=destination, text="hello")))[0]
