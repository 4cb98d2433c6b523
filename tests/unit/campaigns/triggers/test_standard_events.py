"""Triggers of the events that every tenant has: reported by websites, mail providers, apps and those who sell."""

from __future__ import annotations

import time
from typing import Any

import pytest

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.urlpattern import compile_pattern
from campaigns.triggers import TRIGGERS
from tests.unit.campaigns.acme import ACME, campaign, event, faults, lead, on, rulebook, run, step

COUNT = step("change_score", "count", amount=1)


def heard(trigger: dict[str, Any], kind: str, /, **data: Any) -> bool:
    """Whether the trigger hears such an event; it must be one that may be sent."""
    typed, found = ACME.check_event(kind, data)
    assert found == []
    who = lead()
    run(rulebook(campaign(COUNT, on=trigger)), who, event(kind, **typed))
    return who.values.get("score") == 1


#: trigger, its key, the event, the attribute that the key is about, further attributes that it must have
PLAIN = [
    ("link_clicked", "link", "web.link_clicked", "link", {}),
    ("form_filled", "form", "web.form_filled", "form", {}),
    ("lead_ad_filled", "form", "web.lead_ad_filled", "form", {}),
    ("video_watched", "video", "web.video_watched", "video", {}),
    ("asset_downloaded", "asset", "web.asset_downloaded", "asset", {}),
    ("content_requested", "slot", "web.content_requested", "slot", {}),
    ("device_seen", "device", "web.device_seen", "type", {}),
    ("message_delivered", "message", "message.delivered", "message", {"channel": "email"}),
    ("message_bounced", "message", "message.bounced", "message", {"channel": "email", "kind": "hard"}),
    ("message_opened", "message", "message.opened", "message", {"channel": "email"}),
    ("message_clicked", "message", "message.clicked", "message", {"channel": "email"}),
    ("message_replied", "message", "message.replied", "message", {"channel": "sms"}),
    ("message_unsubscribed", "message", "message.unsubscribed", "message", {"channel": "email"}),
    ("message_marked_spam", "message", "message.marked_spam", "message", {"channel": "email"}),
    ("push_received", "push", "push.received", "push", {}),
    ("push_tapped", "push", "push.tapped", "push", {}),
    ("push_bounced", "push", "push.bounced", "push", {}),
    ("app_installed", "app", "app.installed", "app", {}),
    ("app_opened", "app", "app.opened", "app", {}),
    ("app_session_ended", "app", "app.session_ended", "app", {}),
    ("app_activity", "app", "app.activity", "app", {"action": "search"}),
    ("sales_mail_sent", "owner", "sales.mail_sent", "owner", {"mail": "hello"}),
    ("sales_mail_opened", "owner", "sales.mail_opened", "owner", {"mail": "hello"}),
    ("sales_mail_clicked", "owner", "sales.mail_clicked", "owner", {"mail": "hello"}),
    ("sales_mail_replied", "owner", "sales.mail_replied", "owner", {"mail": "hello"}),
    ("lead_identified", "source", "lead.identified", "source", {}),
]


@pytest.mark.parametrize(("name", "key", "kind", "attribute", "more"), PLAIN, ids=[row[0] for row in PLAIN])
def test_an_event_is_heard_by_what_it_is_about(
    name: str, key: str, kind: str, attribute: str, more: dict[str, Any]
) -> None:
    data = {attribute: "spring"} | more

    assert heard({"type": name}, kind, **data)
    assert heard({"type": name, key: "spring"}, kind, **data)
    assert not heard({"type": name, key: "autumn"}, kind, **data)
    assert not heard({"type": name, "where": [{"attribute": attribute, "operator": "is", "value": "x"}]}, kind, **data)
    assert not heard({"type": "page_visited"}, kind, **data)
    assert faults(campaign(COUNT, on={"type": name, key: 7})) == [f"triggers[0].{key}: expected text, got 7"]


#: Heard by the actions that wait for them, or by nobody but the engine.
INSIDE = {"approval.decided", "lead.merge_requested", "lead.upsert_requested", "run.due"}


def test_every_event_has_a_trigger_that_hears_it() -> None:
    assert SYSTEM_EVENTS.keys() - INSIDE == {spec.hears for spec in TRIGGERS if spec.hears}


def test_every_key_of_a_trigger_says_what_it_is() -> None:
    assert [(spec.name, key) for spec in TRIGGERS for key in spec.keys if not spec.key_docs.get(key)] == []


@pytest.mark.parametrize(("kind", "matches"), [(None, True), ("hard", True), ("soft", False)])
def test_a_bounce_is_heard_by_its_kind(kind: str | None, matches: bool) -> None:
    trigger = {"type": "message_bounced"} | ({"kind": kind} if kind else {})

    assert heard(trigger, "message.bounced", channel="email", message="m", kind="hard") is matches


@pytest.mark.parametrize(("operator", "matches"), [("is_true", False), ("is_false", True)])
def test_an_opening_by_a_machine_is_told_apart(operator: str, matches: bool) -> None:
    trigger = {"type": "message_opened", "where": [{"attribute": "bot", "operator": operator}]}

    assert heard(trigger, "message.opened", channel="email", message="m", bot=False) is matches


@pytest.mark.parametrize(
    ("pattern", "address", "fits"),
    [
        ("https://acme.test/prices", "https://acme.test/prices", True),
        ("acme.test/prices", "http://ACME.test/Prices/", True),
        ("acme.test/prices", "https://acme.test/prices?utm=1#top", True),
        ("acme.test/prices?plan=a", "https://acme.test/prices?plan=a", True),
        ("acme.test/prices?plan=a", "https://acme.test/prices", False),
        ("acme.test/*", "https://acme.test/a/b/c", True),
        ("acme.test/*", "https://other.test/acme.test/", False),
        ("*/prices", "https://acme.test/x/prices", True),
        ("acme.test/*/buy/*", "https://acme.test/shoes/buy/now", True),
        ("acme.test/*/buy/*", "https://acme.test/buy/now", False),
        ("*a*a", "a", False),
        ("a*a", "a", False),
        ("*", "https://anything.test", True),
    ],
)
def test_an_address_fits_a_pattern(pattern: str, address: str, fits: bool) -> None:
    assert compile_pattern(pattern)(address) is fits
    assert heard({"type": "page_visited", "url": pattern}, "web.page_visited", url=address) is fits
    data = {"channel": "email", "message": "m", "link": address}
    assert heard({"type": "message_clicked", "link": pattern}, "message.clicked", **data) is fits


def test_a_hostile_pattern_takes_no_longer_than_another() -> None:
    fits = compile_pattern("*a" * 200 + "*b")
    began = time.perf_counter()

    assert not fits("a" * 60_000)
    assert time.perf_counter() - began < 0.1


def test_the_trigger_event_hears_them_too() -> None:
    assert heard(on("web.form_filled"), "web.form_filled", form="contact")
    assert heard({"type": "page_visited"}, "web.page_visited", url="x", campaign_of_ours="spring")


@pytest.mark.parametrize(
    ("trigger", "fault"),
    [
        ({"type": "page_visited", "url": 7}, "url: expected an address of at most 500 characters, got 7"),
        ({"type": "page_visited", "url": "x" * 501}, "url: expected an address of at most 500 characters"),
        ({"type": "message_clicked", "link": " "}, "link: expected an address of at most 500 characters, got ' '"),
        ({"type": "message_bounced", "kind": "medium"}, "kind: expected one of hard, soft, got 'medium'"),
    ],
)
def test_a_trigger_at_fault_is_named(trigger: dict[str, Any], fault: str) -> None:
    assert faults(campaign(COUNT, on=trigger))[0].startswith(f"triggers[0].{fault}")


@pytest.mark.parametrize(
    ("kind", "data", "fault"),
    [
        ("web.form_filled", {}, "data.form: is required"),
        ("web.video_watched", {"video": "v", "percent": "much"}, "data.percent: expected a number"),
        ("message.opned", {}, "type: unknown event type 'message.opned'; did you mean 'message.opened'?"),
        ("tag.added", {"tag": "hot"}, "type: events of type 'tag.added' arise inside and cannot be sent"),
    ],
)
def test_an_event_at_fault_is_refused(kind: str, data: dict[str, Any], fault: str) -> None:
    assert str(ACME.check_event(kind, data)[1][0]).startswith(fault)
