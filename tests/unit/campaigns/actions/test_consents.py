"""What a lead agreed to: channels, topics, purposes, and what must not be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.language.consents import consents, is_granted
from tests.unit.campaigns.acme import NOW, THEN, act, campaign, faults, lead, outcomes, record, rulebook, run, step

WHEN = THEN.isoformat()


def test_a_channel_is_blocked_at_once_and_the_first_reason_stays() -> None:
    who = lead()

    act(who, "unsubscribe", channel="email", reason="complaint")
    assert record(who, "block", "email") == {"reason": "complaint", "since": WHEN}
    assert act(who, "unsubscribe", channel="email")["outcome"] == "no_op"


def test_a_block_goes_with_evidence_but_not_after_a_complaint() -> None:
    who = lead(nickname="form 7")
    assert act(who, "resubscribe", channel="sms", evidence="form 7")["outcome"] == "no_op"

    act(who, "unsubscribe", channel="sms")
    missing = act(who, "resubscribe", channel="sms", evidence="{{ lead.notes }}")
    assert missing == {"outcome": "failed", "reason": "there is no evidence that the lead asked for it"}
    assert act(who, "resubscribe", channel="sms", evidence="{{ lead.nickname }}")["evidence"] == "form 7"
    assert record(who, "block", "sms") is None and who.changed_records == {("block", "sms")}

    act(who, "unsubscribe", channel="sms", reason="bounce")
    assert act(who, "resubscribe", channel="sms", evidence="letter")["reason"] == "policy: sms is blocked for a bounce"


def test_a_topic_that_asks_twice_waits_for_the_second_yes() -> None:
    who = lead()

    act(who, "subscribe_topic", topic="offers")
    assert record(who, "subscription", "offers:email") == {"state": "pending", "since": WHEN}
    act(who, "subscribe_topic", topic="offers", confirmed=True)
    assert (record(who, "subscription", "offers:email") or {})["state"] == "subscribed"
    assert act(who, "subscribe_topic", topic="offers")["outcome"] == "no_op", "nobody confirms twice"


def test_a_subscription_goes_and_its_channel_stays() -> None:
    who = lead()
    act(who, "subscribe_topic", topic="news", channel="sms")

    act(who, "unsubscribe_topic", topic="news", channel="sms")

    assert (record(who, "subscription", "news:sms") or {})["state"] == "unsubscribed"
    assert record(who, "block", "sms") is None
    assert act(who, "unsubscribe_topic", topic="news", channel="sms")["outcome"] == "no_op"
    wrong = act(who, "subscribe_topic", topic="offers", channel="sms")
    assert wrong == {"outcome": "skipped", "reason": "policy: offers does not come by sms"}


def test_a_changed_subscription_is_heard_by_channel() -> None:
    hears = campaign(step("change_tags", add=["cold"]), on={"type": "subscription_changed", "channel": "email"})
    by_mail, by_phone = lead(), lead()

    run(rulebook(campaign(step("unsubscribe", channel="email")), hears), by_mail)
    run(rulebook(campaign(step("unsubscribe", channel="phone")), hears), by_phone)

    assert (by_mail.tags, by_phone.tags) == ({"cold"}, set())


def test_marketing_is_suspended_until_a_moment_to_come() -> None:
    who = lead(last_seen=NOW - timedelta(days=1))
    late = act(who, "suspend_marketing", until="{{ lead.last_seen }}")
    assert late == {"outcome": "failed", "reason": "the end is in the past"}

    act(who, "suspend_marketing", until="2026-04-01T00:00:00Z")
    assert record(who, "marketing", "suspended") == {"until": "2026-04-01T00:00:00+00:00"}
    act(who, "suspend_marketing")
    assert record(who, "marketing", "suspended") == {"until": None}
    act(who, "resume_marketing")
    assert record(who, "marketing", "suspended") is None
    assert act(who, "resume_marketing")["outcome"] == "no_op"


@pytest.mark.parametrize(("scope", "value"), [("lead", "L7"), ("email", "ann@globex.test"), ("domain", "globex.test")])
def test_a_lead_its_address_or_its_domain_is_blocked(scope: str, value: str) -> None:
    who = lead(email="Ann@Globex.test")

    act(who, "add_to_blocklist", scope=scope, reason="asked by letter")

    assert record(who, "blocklist", scope) == {"value": value, "since": WHEN, "reason": "asked by letter"}
    assert act(who, "add_to_blocklist", scope=scope)["outcome"] == "no_op"


def test_a_lead_without_an_address_has_none_to_block() -> None:
    assert act(lead(), "add_to_blocklist", scope="domain")["reason"] == "missing: the lead has no e-mail address"


def test_an_invalid_address_is_so_until_there_is_another() -> None:
    who = lead(email="ann@globex.test")
    assert act(who, "mark_address_invalid", channel="sms")["reason"] == "missing: the lead has no phone"

    act(who, "mark_address_invalid", channel="email", hard=False, reason="mailbox full")
    assert record(who, "address", "email") == {
        "invalid": "ann@globex.test", "hard": False, "since": WHEN, "reason": "mailbox full",
    }  # fmt: skip
    assert act(who, "mark_address_invalid", channel="email", hard=True)["outcome"] == "done"
    assert act(who, "mark_address_invalid", channel="email", hard=False)["outcome"] == "no_op"
    who.values["email"] = "ann@other.test"
    assert act(who, "mark_address_invalid", channel="email")["outcome"] == "done"


def test_consents_are_added_and_never_overwritten() -> None:
    who = lead()

    act(who, "record_consent", purpose="profiling", proof="form v3")
    assert act(who, "record_consent", purpose="profiling", proof="form v3")["outcome"] == "no_op"
    act(who, "withdraw_consent", purpose="profiling")
    assert act(who, "withdraw_consent", purpose="profiling")["outcome"] == "no_op"
    act(who, "record_consent", purpose="profiling", basis="contract")

    rows = consents(who, "profiling")
    assert [row["granted"] for row in rows] == [True, False, True]
    assert rows[0] == {"granted": True, "basis": "consent", "proof": "form v3", "expires": None, "at": WHEN}


def test_a_consent_holds_until_it_is_withdrawn_or_over() -> None:
    who = lead()
    assert not is_granted(who, "profiling", NOW)

    act(who, "record_consent", purpose="profiling", expires="2026-06-01T00:00:00Z")
    assert is_granted(who, "profiling", NOW)
    assert not is_granted(who, "profiling", datetime(2026, 6, 1, tzinfo=UTC))
    act(who, "withdraw_consent", purpose="profiling")
    assert not is_granted(who, "profiling", NOW)


def test_a_changed_consent_is_heard() -> None:
    hears = campaign(
        step("change_tags", add=["hot"]),
        on={"type": "consent_changed", "purpose": "profiling"},
        filter={"event": "granted", "operator": "is_true"},
    )
    rows = run(rulebook(campaign(step("record_consent", purpose="profiling")), hears), lead())
    assert outcomes(rows)[-1] == ("one", "change_tags", "done")


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("unsubscribe", {"channel": "fax"}, "expected one of email, sms"),
        ("subscribe_topic", {"topic": "nws"}, "unknown topic 'nws'; did you mean 'news'?"),
        ("record_consent", {"purpose": "selling"}, "unknown purpose of processing 'selling'"),
        ("resubscribe", {"channel": "email"}, "is missing: What shows that the lead asked for it"),
        ("resubscribe", {"channel": "email", "evidence": None}, "must not be null"),
        ("suspend_marketing", {"until": "soon"}, "expected"),
    ],
)
def test_bad_parameters_are_faults(action: str, params: dict[str, object], fault: str) -> None:
    (found,) = faults(campaign(step(action, **params)))
    assert fault in found
