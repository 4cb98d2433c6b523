"""Two tenants that sell things, and what tests of the ways in ask about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client

from campaigns import keys
from campaigns.models import EventType, FieldDefinition, Stage, StaticList
from campaigns.operations import create_tenant
from campaigns.router import current_database
from campaigns.tenancy import tenant_context
from campaigns.vocabularies import vocabularies
from engine.control import DEFAULT_LANES
from engine.lanes import Lanes, connect, lanes
from engine.types import Event, decode

LANES = DEFAULT_LANES
PURCHASE = [
    {"name": "cds", "type": "integer", "required": False},
    {"name": "amount", "type": "decimal", "required": True},
]


@dataclass(frozen=True)
class Shop:
    """A tenant with a key for the API."""

    tenant: str
    key: str

    def post(self, body: bytes, content_type: str = "application/json", **headers: str) -> Any:
        """Send a body to the events of the API."""
        return Client(headers={"authorization": f"Bearer {self.key}"}).post(
            "/api/v1/events", data=body, content_type=content_type, headers=headers or None
        )

    def get(self, path: str, **query: str) -> Any:
        """Ask the API."""
        return Client(headers={"authorization": f"Bearer {self.key}"}).get(f"/api/v1/{path}", query)

    def waiting(self) -> list[Event]:
        """All events in the tenant's lanes, lane by lane."""
        prefix = lanes().settings.prefix
        names = [f"{prefix}t.{self.tenant}.{lane}" for lane in range(LANES)]
        return [decode(raw, self.tenant) for name in names for raw in lanes().client.lrange(name, 0, -1)]

    def spilled(self) -> list[Event]:
        """All events of the tenant in PostgreSQL's buffer, lane by lane."""
        with tenant_context(self.tenant), connections[current_database()].cursor() as cursor:
            cursor.execute("SELECT event FROM engine_spill ORDER BY lane, number")
            return [decode(bytes(raw), self.tenant) for (raw,) in cursor.fetchall()]


def open_shop(tenant: str, scopes: tuple[str, ...] = keys.SCOPES, *, database: str = "default") -> Shop:
    """A tenant that knows purchases."""
    vocabularies.forget()
    create_tenant(tenant, name=tenant.title(), timezone="Europe/Vienna", lanes=LANES, database=database)
    with tenant_context(tenant):
        EventType.objects.create(tenant_id=tenant, name="purchase", label="Purchase", attributes=PURCHASE)
        EventType.objects.create(tenant_id=tenant, name="note", label="Note", open=True)
        FieldDefinition.objects.create(tenant_id=tenant, key="total", label="Total", type="decimal")
        FieldDefinition.objects.create(tenant_id=tenant, key="orders", label="Orders", type="integer")
        Stage.objects.create(tenant_id=tenant, key="customer", label="Customer", position=1)
        Stage.objects.create(tenant_id=tenant, key="vip", label="VIP", position=2)
        StaticList.objects.create(tenant_id=tenant, key="vips", name="VIPs")
    _, text = keys.issue(tenant, name="test", scopes=scopes)
    return Shop(tenant, text)


@contextmanager
def broker_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody answers at the address of Redis: events go to PostgreSQL."""
    nowhere = Lanes(connect("redis://127.0.0.1:1/0"), lanes().settings)
    with monkeypatch.context() as patch:
        patch.setattr("engine.enqueue.lanes", lambda: nowhere)
        yield


@contextmanager
def both_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Redis does not answer, and PostgreSQL takes nothing into the buffer."""

    def refuse(tenant: str, orders: Sequence[object], limit: int) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with broker_down(monkeypatch), monkeypatch.context() as patch:
        patch.setattr("engine.spill.accept", refuse)
        yield
