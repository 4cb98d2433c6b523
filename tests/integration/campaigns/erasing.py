"""What tests of erasures share: two tenants, a worker's connection, a lead that is to be erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from campaigns import handler, rulebooks
from engine import tasks
from tests.integration.campaigns.carrying import execute, publish, purchase, step, waiting
from tests.integration.campaigns.world import ACME, ZETA, make_tenant

KEY = "zebra-17"
ASK = {"event": "amount", "operator": "is", "value": 13}
TENANTS = (ACME, ZETA)


@pytest.fixture(autouse=True)
def tenants(clean: None, owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_cache", rulebooks.RulebookCache(size=10))
    for tenant in TENANTS:
        make_tenant(tenant)
    waiting(*TENANTS)


@pytest.fixture
def connect() -> Iterator[Callable[[], psycopg.Connection]]:
    """Connections as a worker process makes them."""
    opened: list[psycopg.Connection] = []

    def open_one() -> psycopg.Connection:
        opened.append(tasks._connect(tasks.conf().database_url))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def worker(connect: Callable[[], psycopg.Connection]) -> psycopg.Connection:
    return connect()


def publish_request(tenant: str, mode: str = "erase", **params: Any) -> None:
    """A purchase of 13 asks for it."""
    publish(tenant, "forget", step("request_erasure", "ask", mode=mode, **params), filter=ASK)


def ask(worker: psycopg.Connection, tenant: str, lead: str = KEY, mode: str = "erase") -> None:
    publish_request(tenant, mode)
    execute(worker, purchase(tenant, lead, f"ask-{lead}", amount="13"))


def make_due(worker: psycopg.Connection, tenant: str) -> None:
    past = "due_at = now() - interval '1 second', turn_at = now() - interval '1 second'"
    worker.execute(f"UPDATE campaigns_erasure SET {past} WHERE tenant_id = %s AND turn_at IS NOT NULL", [tenant])
