"""Campaigns that send, executed in the tests' own process, and what is to be seen of deliveries afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import redis

from campaigns import handler
from campaigns.language.outgoing import SOURCE
from campaigns.models import Definition, Delivery, Lead
from campaigns.tenancy import tenant_context
from engine.types import Event, decode
from tests.integration.campaigns.world import make_campaign, make_tenant
from tests.integration.engine.bundles import executor, lane

MAIL = {
    "subject": "Hello {{ lead.first_name }}", "text": "You paid {{ event.amount }}.", "from": "Shop <shop@shop.test>",
    "approved": True,
}  # fmt: skip
SEND = {"id": "mail", "action": "send_email", "params": {"email": "thanks", "class": "operational", "dedupe": "every"}}
CALL = {"id": "call", "action": "call_webhook", "params": {"webhook": "crm"}}


def prepare(tenant: str) -> None:
    """A tenant with an e-mail."""
    make_tenant(tenant)
    with tenant_context(tenant):
        Delivery.objects.all().delete()
        Definition.objects.create(tenant_id=tenant, kind="email", key="thanks", name="Thanks", spec=MAIL)


def sends(tenant: str, *steps: dict[str, Any], key: str = "sends", on: str = "purchase") -> None:
    """A campaign of these steps, of the mail unless others are given."""
    with tenant_context(tenant):
        document = {"triggers": [{"type": "event", "event": on}], "steps": list(steps or [SEND])}
        make_campaign(tenant, key, document)


def calls(tenant: str, url: str, step: dict[str, Any] = CALL, **spec: Any) -> None:
    """A campaign that calls a webhook at this address."""
    with tenant_context(tenant):
        Definition.objects.create(tenant_id=tenant, kind="webhook", key="crm", name="CRM", spec={"url": url, **spec})
    sends(tenant, step, key="calls")


def buy(worker: psycopg.Connection, tenant: str, *amounts: int, lead: str = "1", handle: Any = handler.handle) -> None:
    """Purchases of a lead, executed as a worker does."""
    now = datetime.now(UTC)
    events = [
        Event(
            id=f"{tenant}-{lead}-{amount}", tenant=tenant, lead=lead, type="purchase", accepted_at=now,
            occurred_at=now, data={"amount": str(amount)},
        )
        for amount in amounts
    ]  # fmt: skip
    executor(worker, handle).execute([lane(events)])


def add_lead(tenant: str, key: str) -> None:
    """A lead with an address."""
    with tenant_context(tenant):
        Lead.objects.create(tenant_id=tenant, key=key, email=f"{key}@{tenant}.test", first_name=key.title())


def deliveries(worker: psycopg.Connection, tenant: str) -> list[tuple[str, int, str]]:
    """State, attempts and error type of each, in the order in which they were written."""
    return worker.execute(
        "SELECT state, attempts, error_type FROM campaigns_delivery WHERE tenant_id = %s ORDER BY id", [tenant]
    ).fetchall()


def heard(worker: psycopg.Connection, tenant: str) -> list[Event]:
    """What came of deliveries, as the lead's lane gets it: on its way there, or there."""
    rows = worker.execute("SELECT events FROM engine_outbox WHERE tenant_id = %s ORDER BY id", [tenant]).fetchall()
    lines = [line for (body,) in rows for line in bytes(body).splitlines()]
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as valkey:
        for key in valkey.scan_iter(f"*t.{tenant}.*", _type="list"):
            lines += valkey.lrange(key, 0, -1)
    events = {event.id: event for event in (decode(line, tenant) for line in lines)}
    return [event for event in events.values() if event.source == SOURCE]


def make_due(worker: psycopg.Connection) -> None:
    """As if the time of the next try had come, and claims had run out."""
    worker.execute("UPDATE campaigns_delivery SET due_at = now() WHERE ended_at IS NULL")


def wait_for(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What is true in the end."""
    ends = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < ends, "it does not come"
        time.sleep(0.02)
    return found
