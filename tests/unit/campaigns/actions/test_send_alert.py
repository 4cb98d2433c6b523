"""Who of the tenant is told something about a lead, and who is not."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import act, campaign, event, faults, lead, record, rulebook, run, step

BOB, ANN = "bob@acme.test", "ann@acme.test"


def told(who: LeadState) -> list[str]:
    return [one.body["to"] for one in who.outgoing]


def test_an_alert_is_a_mail_about_the_lead_to_somebody_else() -> None:
    who = lead(first_name="Eve", email="eve@home.test", owner=ANN)

    said = act(who, "send_alert", email="welcome", to=["owner"])

    assert said == {"email": "welcome", "to": ANN, "subject": "Hello Eve", "outcome": "done"}
    (one,) = who.outgoing
    assert (one.channel, one.destination, one.definition) == ("alert", "smtp", "welcome")
    assert one.body["to"] == ANN and "asked" not in one.body, "no rule about the lead is asked"


def test_no_will_of_the_lead_holds_it_up_and_it_does_not_count() -> None:
    who = lead(first_name="Eve", owner=ANN)
    who.records["block", "email"] = {"reason": "complaint"}

    assert act(who, "send_alert", email="welcome", to=["owner"])["outcome"] == "done"
    assert record(who, "sent", "welcome") is None


def test_each_gets_one_mail_under_a_key_of_its_own() -> None:
    who = lead(first_name="Eve", owner=ANN, nickname="Cid <CID@acme.test>")
    to = ["owner", "{{ lead.nickname }}", ANN.upper(), "Desk <desk@acme.test>"]

    run(rulebook(campaign(step("send_alert", email="welcome", to=to))), who)

    assert told(who) == [ANN, "CID@acme.test", "desk@acme.test"]
    assert len({one.key for one in who.outgoing}) == 3


@pytest.mark.parametrize(
    ("to", "outcome", "reason"),
    [
        (["owner"], "skipped", "missing: the lead has no owner"),
        (["{{ lead.nickname }}"], "skipped", "missing: lead.nickname, without a default"),
        (["{{ lead.last_name }}"], "failed", "'No address' is no e-mail address"),
        (["owner", "{{ lead.last_name }}"], "failed", "'No address' is no e-mail address"),
    ],
)
def test_where_nobody_can_be_written_to_it_says_why(to: list[str], outcome: str, reason: str) -> None:
    who = lead(first_name="Eve", last_name="No address")

    said = act(who, "send_alert", email="welcome", to=to)

    assert (said["outcome"], said["reason"], who.outgoing) == (outcome, reason, [])


def test_who_cannot_be_written_to_is_left_out_and_named() -> None:
    who = lead(first_name="Eve", last_name="a@b.test\r\nBcc: x@evil.test")

    said = act(who, "send_alert", email="welcome", to=["owner", "{{ lead.last_name }}", "desk@acme.test"])

    assert told(who) == ["desk@acme.test"] and said["outcome"] == "done"
    assert [reason.partition(":")[0] for reason in said["left_out"]] == ["missing", "'a@b.test\\nBcc"]


def test_an_alert_that_speaks_of_what_is_missing_is_skipped() -> None:
    who = lead(owner=ANN)

    assert act(who, "send_alert", email="welcome", to=["owner"])["reason"].startswith("missing: lead.first_name")
    assert who.outgoing == []


def test_users_are_owners_by_their_addresses() -> None:
    who = lead(first_name="Eve", owner="cid@acme.test")

    act(who, "send_to_user", email="welcome", users=[ANN])

    assert told(who) == [ANN] and who.outgoing[0].channel == "alert"


def test_an_owner_who_became_inactive_still_gets_it() -> None:
    who = lead(first_name="Eve")

    run(rulebook(campaign(step("send_to_user", email="welcome", users=[BOB]))), who, event())

    assert told(who) == [BOB]


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("send_alert", {"to": ["owner"]}, "steps[0].params.email: is missing"),
        ("send_alert", {"email": "plain"}, "steps[0].params.to: is missing"),
        ("send_alert", {"email": "draft", "to": ["owner"]}, "steps[0].params.email: e-mail 'draft' is not approved"),
        ("send_alert", {"email": "plain", "to": []}, "steps[0].params.to: expected a list of 1 to 20, got a list"),
        ("send_alert", {"email": "plain", "to": "owner"}, "steps[0].params.to: expected a list of 1 to 20"),
        ("send_alert", {"email": "plain", "to": ["ann"]}, "steps[0].params.to[0]: expected owner, an e-mail address"),
        ("send_alert", {"email": "plain", "to": [7]}, "steps[0].params.to[0]: expected owner, an e-mail address"),
        ("send_alert", {"email": "plain", "to": ["{{ lead.boss }}"]}, "steps[0].params.to[0]: unknown field 'boss'"),
        ("send_to_user", {"email": "plain", "users": ["ana@acme.test"]},
         "steps[0].params.users[0]: unknown owner 'ana@acme.test'; did you mean 'ann@acme.test'?"),
        ("send_to_user", {"email": "plain", "users": [BOB]}, f"steps[0].params.users[0]: owner '{BOB}' is inactive"),
        ("send_to_user", {"email": "plain", "users": [None]}, "steps[0].params.users[0]: unknown owner null"),
    ],
)  # fmt: skip
def test_bad_parameters_are_faults(action: str, params: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step(action, **params)))
    assert found.startswith(fault)
