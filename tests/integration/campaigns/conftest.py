"""What the tests of campaigns begin with: the two tenants of world.py, a worker, and a record of what is pushed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest

from campaigns import handler, planning, rulebooks
from campaigns.models import FieldDefinition
from campaigns.tenancy import tenant_context
from engine import db, enqueue
from engine.types import Event
from tests.integration.campaigns.racing import Connect
from tests.integration.campaigns.world import ACME, ZETA, make_tenant


@pytest.fixture
def two_tenants(clean: None) -> None:
    """Acme and Zeta, which must not see each other."""
    make_tenant(ACME)
    make_tenant(ZETA)


@pytest.fixture(autouse=True)
def rulebooks_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """None that an earlier test compiled for a tenant of the same name."""
    monkeypatch.setattr(handler, "_cache", rulebooks.RulebookCache(size=10))


@pytest.fixture
def worker(worker_connection: psycopg.Connection) -> psycopg.Connection:
    """As maintenance and the executor connect."""
    worker_connection.autocommit = True
    return worker_connection


@pytest.fixture
def connect() -> Connect:
    """Connections of workers that run at once."""
    return partial(db.connect, os.environ["WORKER_DATABASE_URL"], "fairlane-test")


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What would be in the lanes."""
    found: list[Event] = []
    monkeypatch.setattr(enqueue, "push", found.extend)
    return found


@pytest.fixture
def dated(two_tenants: None, worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """A worker; both tenants have fields of dates and no lead, and times are planned in pages of three leads."""
    monkeypatch.setattr(planning, "LEADS_AT_ONCE", 3)
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            for key, kind in (("renewal", "datetime"), ("birthday", "date"), ("timezone", "string")):
                FieldDefinition.objects.create(tenant_id=tenant, key=key, label=key, type=kind)
    worker.execute("DELETE FROM campaigns_lead WHERE key = '1'")
    return worker


@pytest.fixture
def now() -> datetime:
    """Just after all that is made at the beginning of a test."""
    return datetime.now(UTC) + timedelta(seconds=20)
