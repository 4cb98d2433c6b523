"""What the tests of campaigns begin with: the two tenants of world.py, a worker, and a record of what is pushed."""

from __future__ import annotations

import psycopg
import pytest

from campaigns import handler, rulebooks
from engine import enqueue
from engine.types import Event
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
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What would be in the lanes."""
    found: list[Event] = []
    monkeypatch.setattr(enqueue, "push", found.extend)
    return found
