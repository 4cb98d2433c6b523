"""What is sent to a program elsewhere, and what a campaign hears of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from campaigns.language.outgoing import SOURCE
from engine.types import Event
from tests.unit.campaigns.acme import ACME, THEN, act, campaign, event, faults, lead, rulebook, run, schema, step


def test_the_request_is_json_whatever_tokens_hold() -> None:
    who = lead(first_name='Ann "}', tags={"vip"})

    said = act(who, "call_webhook", webhook="crm", on=event(cds=3))

    assert said == {
        "webhook": "crm", "url": "https://crm.example/contacts?source=fairlane", "outcome": "done",
    }  # fmt: skip
    (one,) = who.outgoing
    assert (one.channel, one.destination, one.definition) == ("webhook", "crm.example:443", "crm")
    assert json.loads(one.body["body"]) == {
        "key": "1", "cds": 3, "name": 'Dear Ann "}', "birthday": None, "tags": [["vip"], {"vip": True}],
    }  # fmt: skip
    assert one.body["headers"]["Authorization"] == {"secret": "CRM_KEY", "prefix": "Bearer "}
    assert one.body["response"] == {"crm_number": "contact.id"}


def test_without_a_body_it_says_what_happened_to_whom() -> None:
    who = lead()

    act(who, "call_webhook", webhook="ping")

    (one,) = who.outgoing
    assert one.destination == "ping.example:80"
    assert json.loads(one.body["body"]) == {"lead": "L7", "event": "purchase", "occurred_at": THEN.isoformat()}


@pytest.mark.parametrize(
    ("notes", "count", "fits"),
    [
        ("x" * 63_992, 1, True),
        ("x" * 63_993, 1, False),
        ("€" * 21_330, 1, True),
        ("€" * 21_331, 1, False),
        ("x" * 30_000, 3, False),
    ],
)
def test_a_request_may_have_so_many_bytes_and_no_more(notes: str, count: int, fits: bool) -> None:
    who = lead(notes=notes)
    ping = ACME.definitions["webhook"]["ping"]
    spec = replace(ping.spec, body={str(number): "{{ lead.notes }}" for number in range(count)})
    tenant = schema(definitions={"webhook": {"ping": replace(ping, spec=spec)}})

    said = run(rulebook(campaign(step("call_webhook", webhook="ping")), tenant=tenant), who)[-1].data

    assert (len(who.outgoing) == 1) is fits
    if not fits:
        size = 8 * count - count + 1 + count * len(notes.encode())
        assert said["reason"] == f"the request has {size:,} bytes, at most 64,000 bytes (UTF-8) are sent"


def test_an_archived_webhook_is_not_called() -> None:
    gone = {"ping": replace(ACME.definitions["webhook"]["gone"], key="ping")}
    tenant = schema(definitions={"webhook": gone})
    who = lead()

    rows = run(rulebook(campaign(step("call_webhook", webhook="ping")), tenant=tenant), who)

    assert (rows[-1].data, who.outgoing) == ({"outcome": "skipped", "reason": "policy: ping is archived"}, [])


@pytest.mark.parametrize(
    ("where", "heard"),
    [
        ([], True),
        ([{"attribute": "ok", "operator": "is_true"}], True),
        ([{"attribute": "status", "operator": "at_least", "value": 300}], False),
        ([{"attribute": "crm_number", "type": "string", "operator": "is", "value": "77"}], True),
    ],
)
def test_an_answer_is_heard_and_its_parts_are_tokens(where: list[Any], heard: bool) -> None:
    takes = step("change_field", field="nickname", value="{{ event.crm_number }}")
    document = campaign(takes, on={"type": "webhook_called", "webhook": "crm", "where": where})
    assert faults(document) == []
    data = {"webhook": "crm", "ok": True, "status": 200, "delivery": "d", "attempts": 1, "crm_number": "77"}
    who = lead()

    run(
        rulebook(document),
        who,
        Event(
            id="a", lead="L7", type="webhook.called", accepted_at=THEN, occurred_at=THEN, data=data, tenant="acme",
            source=SOURCE,
        ),
    )  # fmt: skip

    assert who.values.get("nickname") == ("77" if heard else None)


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({"webhook": "cmr"}, "steps[0].params.webhook: unknown webhook 'cmr'; did you mean 'crm'?"),
        ({"webhook": "gone"}, "steps[0].params.webhook: webhook 'gone' is archived"),
        ({}, "steps[0].params.webhook: is missing"),
    ],
)
def test_bad_parameters_are_faults(params: dict[str, Any], fault: str) -> None:
    (found,) = faults(campaign(step("call_webhook", **params)))
    assert found.startswith(fault)


def test_the_body_is_checked_against_the_events_of_the_campaign() -> None:
    (found,) = faults(campaign(step("call_webhook", webhook="crm"), on={"type": "event", "event": "signup"}))
    assert found.startswith("steps[0].params.webhook.body.cds: event type 'signup' has no attribute 'cds'")
