"""What is sent to whom, and why not: all of it decided before anything leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from campaigns.language.definition import Defined
from campaigns.language.interpreter import DEPTH_LIMIT, LOOP_STOPPED
from campaigns.language.lead import LeadState
from campaigns.language.outgoing import SOURCE, Outgoing
from engine.types import Event
from tests.unit.campaigns.acme import (
    ACME,
    NOW,
    THEN,
    act,
    campaign,
    event,
    faults,
    lead,
    outcomes,
    pass_time,
    record,
    rulebook,
    run,
    schema,
    step,
)

ANN = {"email": "ann@acme.test", "first_name": "Ann"}


def sent(who: LeadState) -> list[Outgoing]:
    return who.outgoing


def why_not(who: LeadState, **params: Any) -> str:
    """The reason why it was skipped; nothing is on its way."""
    said = act(who, "send_email", **({"email": "welcome"} | params))
    assert (said["outcome"], sent(who)) == ("skipped", [])
    return said["reason"]


def test_it_is_written_as_the_lead_is_now() -> None:
    who = lead(**ANN)

    said = act(who, "send_email", email="welcome")

    assert said == {
        "email": "welcome", "to": "ann@acme.test", "subject": "Hello Ann", "class": "marketing", "outcome": "done",
        "group": 1,
    }  # fmt: skip
    (one,) = sent(who)
    assert (one.channel, one.destination, one.definition, one.step, one.depth) == ("email", "smtp", "welcome", "one", 1)
    assert one.body == {
        "subject": "Hello Ann",
        "from": "Acme <news@acme.test>",
        "reply_to": "",
        "text": "You bought 1.",
        "html": "<p>Ann bought 1</p>",
        "asked": {"channel": "email", "address": "ann@acme.test", "marketing": True, "topic": None, "purpose": None},
    }


def test_no_name_becomes_markup_and_no_subject_a_header() -> None:
    who = lead(email="ann@acme.test", first_name="<script>\r\nBcc: eve@evil.test")

    act(who, "send_email", email="welcome")

    (one,) = sent(who)
    assert one.body["subject"] == "Hello <script> Bcc: eve@evil.test"
    assert "&lt;script&gt;" in one.body["html"]


def test_an_address_that_a_token_spoils_fails_and_sends_nothing() -> None:
    who = lead(nickname="Eve <eve@evil.test>\r\nBcc: x@evil.test", **ANN)

    said = act(who, "send_email", email="plain")

    assert said["outcome"] == "failed" and said["reason"].startswith("from is no address: 'Eve")
    assert sent(who) == []


WRITTEN = [
    ("{{ lead.first_name | default: 'there' }}", "there"),
    ("{{ lead.nickname | upcase | default: 'there' }}", "there"),
    ("{% if lead.first_name %}{{ lead.first_name }}{% else %}you{% endif %}", "you"),
    ("{% if lead.first_name == nil %}nobody{% endif %}", "nobody"),
    ("{{ lead.birthday | date: '%d' }}!", None),
    ("{{ lead.orders | plus: 1 }}", None),
    ("{{ event.shop }}!", None),
    ("{{ lead.profile.city }}!", None),
    ("{{ lead.profile.city | default: 'home' }}", "home"),
    ("{{ lead.tags | join: '' }}tags", "tags"),
]


@pytest.mark.parametrize(("text", "written"), WRITTEN)
@pytest.mark.parametrize("part", ["text", "html"])
def test_a_value_that_is_missing_is_given_a_default_or_nothing_is_sent(
    part: str, text: str, written: str | None
) -> None:
    plain = ACME.definitions["email"]["plain"]
    mail = replace(plain, spec=replace(plain.spec, **{"text": "News", part: text}))
    who = lead(email="ann@acme.test", profile={"zip": "1010"})

    tenant = schema(definitions={"email": {"plain": mail}})
    (said,) = [
        row.data for row in run(rulebook(campaign(step("send_email", email="plain")), tenant=tenant), who) if row.step
    ]

    if written is None:
        assert said["outcome"] == "skipped" and sent(who) == []
        assert said["reason"].startswith(("missing: lead.", "missing: event.")), said
        assert said["reason"].endswith(", without a default")
    else:
        assert sent(who)[0].body[part] == written


def test_what_is_missing_is_named_and_a_missing_address_to_reply_to_is_none() -> None:
    who = lead(email="ann@acme.test")

    assert why_not(who) == "missing: lead.first_name, without a default"
    assert act(who, "send_email", email="plain")["outcome"] == "done" and sent(who)[0].body["reply_to"] == ""


@pytest.mark.parametrize(
    ("kind", "key", "data", "reason"),
    [
        ("block", "email", {"reason": "complaint"}, "email is blocked (complaint)"),
        ("marketing", "suspended", {"until": None}, "marketing is suspended"),
        ("marketing", "suspended", {"until": (NOW + timedelta(days=1)).isoformat()}, "marketing is suspended"),
        ("subscription", "news:email", {"state": "unsubscribed"}, "the subscription of news is unsubscribed"),
        ("subscription", "news:email", {"state": "pending"}, "the subscription of news is pending"),
    ],
)
def test_marketing_is_not_sent_against_the_leads_will_and_operational_mail_is(
    kind: str, key: str, data: dict[str, Any], reason: str
) -> None:
    who = lead(**ANN)
    who.records[kind, key] = data

    assert why_not(who, topic="news") == f"policy: {reason}"
    assert act(who, "send_email", email="welcome", topic="news", **{"class": "operational"})["outcome"] == "done"


@pytest.mark.parametrize(
    ("kind", "key", "data", "reason"),
    [
        ("blocklist", "lead", {"value": "L7"}, "the lead is on the blocklist"),
        ("blocklist", "email", {"value": "ann@acme.test"}, "the lead is on the blocklist"),
        ("blocklist", "domain", {"value": "acme.test"}, "the lead is on the blocklist"),
        ("address", "email", {"invalid": "ann@acme.test", "hard": True}, "the address is marked as invalid"),
    ],
)
def test_what_cannot_be_used_is_used_for_no_mail(kind: str, key: str, data: dict[str, Any], reason: str) -> None:
    who = lead(**ANN)
    who.records[kind, key] = data

    for sort in ("marketing", "operational"):
        assert why_not(who, **{"class": sort}) == f"policy: {reason}"


def test_a_rule_that_is_about_something_else_forbids_nothing() -> None:
    who = lead(**ANN)
    who.records |= {
        ("block", "sms"): {"reason": "request"},
        ("marketing", "suspended"): {"until": (NOW - timedelta(days=1)).isoformat()},
        ("subscription", "offers:email"): {"state": "unsubscribed"},
        ("blocklist", "email"): {"value": "bob@acme.test"},
        ("address", "email"): {"invalid": "old@acme.test", "hard": True},
    }

    assert act(who, "send_email", email="welcome", topic="news")["outcome"] == "done"


def test_without_an_address_or_with_a_wrong_one_nothing_is_sent() -> None:
    assert why_not(lead()) == "missing: the lead has no e-mail address"
    for wrong in ("ann", "ann@acme", "ann@@acme.test", "a b@acme.test", "ann@acme.test\nBcc: x@y.test", "@acme.test"):
        assert why_not(lead(email=wrong)) == "policy: the lead's e-mail address is none"


def test_a_purpose_needs_consent_and_a_topic_that_asks_twice_a_subscription() -> None:
    who = lead(**ANN)
    assert why_not(who, purpose="profiling") == "policy: no consent to profiling"
    assert why_not(who, topic="offers") == "policy: the lead has not subscribed to offers"

    who.records["consent", "profiling:000001"] = {"granted": True}
    who.records["subscription", "offers:email"] = {"state": "subscribed"}
    assert act(who, "send_email", email="welcome", purpose="profiling", topic="offers")["outcome"] == "done"


@pytest.mark.parametrize(("dedupe", "times"), [("ever", 1), ("run", 2), ("every", 4)])
def test_it_is_sent_once_ever_once_in_a_run_or_every_time(dedupe: str, times: int) -> None:
    who = lead(**ANN)
    twice = [step("send_email", id, email="plain", dedupe=dedupe) for id in ("one", "two")]

    run(rulebook(campaign(*twice)), who, event(id="e1"), event(id="e2"))

    assert len(sent(who)) == len({one.key for one in sent(who)}) == times
    assert (record(who, "sent", "plain") or {})["count"] == times


def test_the_key_is_the_same_whenever_the_same_event_is_executed_and_another_for_all_else() -> None:
    def key(event_id: str = "e1", id: str = "one", tenant: str = "acme", **step_more: Any) -> str:
        who = lead(**ANN)
        who.tenant = tenant
        one = {"id": id, "action": "send_email", "params": {"email": "plain"}} | step_more
        run(rulebook(campaign({name: value for name, value in one.items() if value})), who, event(id=event_id))
        return sent(who)[0].key

    always = {"when": {"field": "email", "operator": "is_not_empty"}, "params": {"email": "plain"}}
    keys = [key(), key(event_id="e2"), key(id="two"), key(tenant="zeta"), key(params=None, choices=[always])]

    assert key() == keys[0]
    assert len(set(keys)) == len(keys)


def test_a_mail_that_a_run_sends_again_after_a_wait_has_a_key_of_its_own() -> None:
    wait = step("wait_duration", "wait", wait={"amount": 1, "unit": "days"})
    again = step("jump_to", "again", step="mail", max_jumps=2)
    book = rulebook(campaign(step("send_email", "mail", email="plain", dedupe="every"), wait, again))
    who = lead(**ANN)
    run(book, who)
    for days in (1, 2):
        pass_time(book, who, NOW + timedelta(days=days))
    assert len(sent(who)) == len({one.key for one in sent(who)}) == 3


def test_what_was_skipped_or_failed_is_heard() -> None:
    hears = campaign(step("change_tags", add=["cold"]), on={"type": "message_failed", "outcome": "skipped"})
    other = campaign(step("change_tags", add=["hot"]), on={"type": "message_failed", "message": "plain"})
    who = lead()

    rows = run(rulebook(campaign(step("send_email", email="welcome")), hears, other), who)

    assert outcomes(rows) == [("one", "send_email", "skipped"), ("one", "change_tags", "done")]
    assert who.tags == {"cold"}


def came_back(depth: int, type: str = "message.sent", **data: Any) -> Event:
    usual = {"channel": "email", "message": "plain", "delivery": "d", "attempts": 1}
    return Event(
        id=f"back-{depth}", lead="L7", type=type, accepted_at=THEN, occurred_at=THEN, data=usual | data,
        tenant="acme", source=SOURCE, depth=depth,
    )  # fmt: skip


def test_mail_that_answers_mail_ends_after_so_many() -> None:
    book = rulebook(campaign(step("send_email", email="plain", dedupe="every"), on={"type": "message_sent"}))
    who = lead(**ANN)

    for depth in range(1, DEPTH_LIMIT + 1):
        run(book, who, came_back(depth))
    rows = run(book, who, came_back(DEPTH_LIMIT + 1))

    assert [one.depth for one in sent(who)] == list(range(2, DEPTH_LIMIT + 2))
    assert [row.kind for row in rows] == ["message.sent", LOOP_STOPPED]


def test_an_e_mail_is_heard_by_name() -> None:
    hears = campaign(step("change_tags", add=["hot"]), on={"type": "message_sent", "message": "welcome"})
    who = lead()

    run(rulebook(hears), who, came_back(1))
    assert who.tags == set()
    run(rulebook(hears), who, came_back(2, message="welcome"))
    assert who.tags == {"hot"}


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (ACME.definitions["email"]["draft"], "policy: draft is not approved"),
        (replace(ACME.definitions["email"]["welcome"], archived=True), "policy: welcome is archived"),
    ],
)
def test_an_e_mail_that_lost_its_approval_or_was_archived_is_skipped(one: Defined, reason: str) -> None:
    tenant = schema(definitions={**ACME.definitions, "email": {"welcome": one}})

    rows = run(rulebook(campaign(step("send_email", email="welcome")), tenant=tenant), lead(**ANN))

    assert rows[-1].data == {"outcome": "skipped", "reason": reason}


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"email": "welcom"}, "steps[0].params.email: unknown e-mail 'welcom'; did you mean 'welcome'?"),
        ({"email": "draft"}, "steps[0].params.email: e-mail 'draft' is not approved"),
        ({}, "steps[0].params.email: is missing: The e-mail to send"),
        ({"email": "plain", "class": "spam"}, "steps[0].params.class: expected one of marketing, operational"),
        ({"email": "plain", "dedupe": "twice"}, "steps[0].params.dedupe: expected one of ever, run, every"),
        ({"email": "plain", "topic": "sport"}, "steps[0].params.topic: unknown topic 'sport'"),
        ({"email": "plain", "purpose": 7}, "steps[0].params.purpose: unknown purpose of processing 7"),
    ],
)
def test_bad_parameters_are_faults(params: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step("send_email", **params)))
    assert found.startswith(fault)


def test_a_template_is_checked_against_the_events_of_the_campaign() -> None:
    document = campaign(step("send_email", email="welcome"), on={"type": "event", "event": "signup"})

    assert {found.partition(":")[0] for found in faults(document)} == {
        "steps[0].params.email.text", "steps[0].params.email.html",
    }  # fmt: skip
    assert all("event type 'signup' has no attribute 'cds'" in found for found in faults(document))


@pytest.mark.parametrize(
    ("trigger", "fault"),
    [
        ({"type": "message_sent", "message": "welcom"}, "triggers[0].message: expected one of welcome, plain, draft"),
        ({"type": "message_failed", "outcome": "lost"}, "triggers[0].outcome: expected one of skipped, failed"),
    ],
)
def test_bad_triggers_are_faults(trigger: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step("add_note", text="x"), on=trigger))
    assert found.startswith(fault)
