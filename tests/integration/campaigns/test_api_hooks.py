"""What other systems send to hooks: proved, mapped, in its lane once; each tenant's own."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from campaigns import handler, operations
from campaigns.hooks import derive
from campaigns.models import Campaign, Definition
from campaigns.tenancy import tenant_context
from campaigns.vocabularies import vocabularies
from tests.integration.campaigns.shops import Shop, broker_down, open_shop
from tests.integration.engine.bundles import executor, lane

SPEC: dict[str, Any] = {
    "lead": "customer.id",
    "id": "id",
    "attributes": {"amount": {"path": "total", "type": "decimal", "required": True}},
    "conditions": [{"path": "kind", "value": "order"}],
}
PAYLOAD = {"id": "o-1", "kind": "order", "total": "12.50", "customer": {"id": "ann"}}


def define(tenant: str, **spec: Any) -> None:
    with tenant_context(tenant):
        Definition.objects.update_or_create(
            tenant_id=tenant, kind="hook", key="shop", defaults={"name": "Shop", "spec": SPEC | spec}
        )
    vocabularies.forget()


@pytest.fixture
def whale(clean: None) -> Shop:
    shop = open_shop("whale")
    define("whale")
    return shop


@pytest.fixture
def minnow(clean: None) -> Shop:
    shop = open_shop("minnow")
    define("minnow")
    return shop


def sign(body: bytes, secret: str, at: float | None = None) -> str:
    seconds = str(int(time.time() if at is None else at))
    return f"t={seconds},v1={hmac.new(secret.encode(), seconds.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def send(
    tenant: str, payload: Any = PAYLOAD, signature: str | None = None, *, secret: str = "", key: str = "shop", **kw: str
) -> Any:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = sign(body, secret or derive(tenant, "shop", 1)) if signature is None else signature
    headers = {"X-Fairlane-Signature": signed} | kw
    url = f"/api/v1/hooks/{tenant}/{key}"
    answer = Client().post(url, body, content_type="application/json", headers=headers)
    assert answer.status_code < 500
    return answer


def test_what_is_signed_is_in_the_leads_lane(whale: Shop, minnow: Shop) -> None:
    answer = send("whale")

    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    (event,) = whale.waiting()
    assert (event.lead, event.type, event.id, event.source) == ("ann", "hook.received", "hook:shop:o-1", "hook:shop")
    assert event.data == {"hook": "shop", "amount": Decimal("12.50")}
    assert minnow.waiting() == []


def test_what_arrives_is_executed_once_by_the_campaigns_of_its_tenant(
    whale: Shop, minnow: Shop, worker_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_connection.autocommit = True
    where = [{"attribute": "amount", "operator": "at_least", "value": 10}]
    add = {"id": "sum", "action": "increment_number", "params": {"field": "total", "by": "{{ event.amount }}"}}
    document = {"triggers": [{"type": "webhook_received", "hook": "shop", "where": where}], "steps": [add]}
    for tenant in ("whale", "minnow"):
        with tenant_context(tenant):
            campaign = Campaign.objects.create(tenant_id=tenant, key="sum", name="Sum", draft=document)
        operations.publish(campaign, by="ann")
    for payload in (PAYLOAD, PAYLOAD, PAYLOAD | {"id": "o-2", "total": 9}, PAYLOAD | {"id": "o-3", "total": 20}):
        send("whale", payload)

    report = executor(worker_connection, handler.handle).execute([lane(whale.waiting())])

    assert report.dead == 0
    query = "SELECT tenant_id, key, fields->>'total' FROM campaigns_lead"
    assert worker_connection.execute(query).fetchall() == [("whale", "ann", "32.50")]


def test_the_page_of_a_hook_shows_its_address_and_only_there_its_secret(whale: Shop, minnow: Shop) -> None:
    User.objects.create_superuser("root", password="a password for tests")
    browser = Client()
    browser.login(username="root", password="a password for tests")
    browser.get(reverse("admin:campaigns_tenant_choose", args=["whale"]))
    with tenant_context("whale"):
        pk = Definition.objects.get(key="shop").pk

    body = browser.get(reverse("admin:campaigns_definition_change", args=[pk])).content.decode()

    assert "/api/v1/hooks/whale/shop" in body
    assert derive("whale", "shop", 1) in body
    assert derive("minnow", "shop", 1) not in body
    listed = browser.get(reverse("admin:campaigns_definition_changelist")).content.decode()
    assert derive("whale", "shop", 1) not in listed


def test_the_secret_of_one_tenant_opens_no_hook_of_another(whale: Shop, minnow: Shop) -> None:
    assert send("whale", secret=derive("minnow", "shop", 1)).status_code == 401
    assert whale.waiting() == minnow.waiting() == []


def test_sent_again_it_is_the_same_event(whale: Shop) -> None:
    send("whale")
    send("whale")

    assert {event.id for event in whale.waiting()} == {"hook:shop:o-1"}


def test_without_an_id_of_its_own_what_was_signed_tells_repetitions_apart(whale: Shop) -> None:
    define("whale", id=None)
    body, secret = json.dumps(PAYLOAD).encode(), derive("whale", "shop", 1)
    first, later = sign(body, secret), sign(body, secret, time.time() - 5)

    for signature in (first, first, later):
        assert send("whale", body, signature).status_code == 202

    assert len({event.id for event in whale.waiting()}) == 2


@pytest.mark.parametrize("seconds", [-301, 302])
def test_what_was_signed_too_long_ago_or_ahead_is_refused(whale: Shop, seconds: int) -> None:
    body = json.dumps(PAYLOAD).encode()

    answer = send("whale", body, sign(body, derive("whale", "shop", 1), time.time() + seconds))

    assert answer.status_code == 401
    assert "300 seconds" in answer.json()["message"]
    assert whale.waiting() == []


@pytest.mark.parametrize("signature", ["", "x", "t=1,v1=", f"t=1,v1={0:064}", f"v1={0:064}"])
def test_who_cannot_sign_learns_nothing_of_what_is_here(whale: Shop, signature: str) -> None:
    there, nowhere = send("whale", signature=signature), send("nobody", signature=signature)
    other = send("whale", key="nothing", signature=signature)

    assert there.status_code == nowhere.status_code == other.status_code == 401
    assert there.json() == nowhere.json() == other.json()
    assert send("NOT A TENANT").json() == there.json()
    assert whale.waiting() == []


def test_a_changed_body_is_refused(whale: Shop) -> None:
    body = json.dumps(PAYLOAD).encode()
    signature = sign(body, derive("whale", "shop", 1))

    assert send("whale", body.replace(b"12.50", b"99.99"), signature).status_code == 401
    assert whale.waiting() == []


def test_what_does_not_meet_the_conditions_is_ignored(whale: Shop) -> None:
    answer = send("whale", PAYLOAD | {"kind": "refund"})

    assert (answer.status_code, answer.json()) == (202, {"accepted": 0, "ignored": True})
    assert whale.waiting() == []


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (PAYLOAD | {"total": None}, "total"),
        (PAYLOAD | {"total": "much"}, "total"),
        (PAYLOAD | {"customer": None}, "customer.id"),
        (PAYLOAD | {"customer": {"id": ""}}, "customer.id"),
        (PAYLOAD | {"customer": {"id": "a\u0000"}}, "customer.id"),
        (PAYLOAD | {"id": []}, "id"),
        (b"{", ""),
        (b"\xff", ""),
        (b"[" * 10_000, ""),
        (b'{"a": ' * 40 + b"1" + b"}" * 40, ""),
    ],
)
def test_a_payload_that_cannot_be_used_is_refused_with_its_faults(whale: Shop, payload: Any, path: str) -> None:
    answer = send("whale", payload)

    assert answer.status_code == 422
    assert path in [fault["path"] for fault in answer.json()["faults"]]
    assert whale.waiting() == []


def test_a_body_is_bounded(whale: Shop) -> None:
    assert send("whale", b" " * 256_001).status_code == 413
    assert Client().get("/api/v1/hooks/whale/shop").status_code == 405


def test_another_generation_is_another_secret_and_the_one_before_may_stay_good(whale: Shop) -> None:
    define("whale", generation=2)
    assert send("whale").status_code == 401
    assert send("whale", secret=derive("whale", "shop", 2)).status_code == 202

    define("whale", generation=2, accept_previous=True)
    assert send("whale", PAYLOAD | {"id": "o-2"}).status_code == 202


def test_a_secret_that_the_sender_chose_comes_from_the_environment(whale: Shop, minnow: Shop, settings: Any) -> None:
    define("whale", secret="environment", signs="body", header="X-Hub-Signature-256")
    body = json.dumps(PAYLOAD).encode()
    signature = "sha256=" + hmac.new(b"chosen", body, hashlib.sha256).hexdigest()

    assert send("whale", body, "", **{"X-Hub-Signature-256": signature}).status_code == 401
    settings.HOOK_SECRETS = {"FAIRLANE_HOOK_SECRET_WHALE__SHOP": "chosen"}
    assert send("whale", body, "", **{"X-Hub-Signature-256": signature}).status_code == 202
    assert send("minnow", body, "", **{"X-Hub-Signature-256": signature}).status_code == 401


def test_an_archived_hook_takes_nothing(whale: Shop) -> None:
    with tenant_context("whale"):
        Definition.objects.filter(key="shop").update(archived=True)
    vocabularies.forget()

    assert send("whale").status_code == 401


def test_while_redis_is_away_it_is_kept_in_postgresql(whale: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with broker_down(monkeypatch):
        assert send("whale").status_code == 202

    assert [event.id for event in whale.spilled()] == ["hook:shop:o-1"]


def test_what_arrives_at_hooks_cannot_be_sent_as_an_event(whale: Shop) -> None:
    body = b'{"lead": "ann", "type": "hook.received", "data": {"hook": "shop"}}'

    assert whale.post(body).status_code == 422
    assert whale.waiting() == []


def test_the_address_and_the_secret_are_printed(whale: Shop) -> None:
    printed = io.StringIO()
    call_command("hook_secret", "whale", "shop", stdout=printed)

    assert printed.getvalue().splitlines() == ["/api/v1/hooks/whale/shop", derive("whale", "shop", 1)]
    with pytest.raises(CommandError, match="whale has no hook nothing"):
        call_command("hook_secret", "whale", "nothing")
