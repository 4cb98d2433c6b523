"""One journal for the tenants of all databases; the lanes of each database are rebuilt apart."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.db import transaction

from engine import control, enqueue, journalled, ledger, rebuild
from engine.lanes import lanes
from engine.rights import operator
from engine.roles import Urls
from engine.types import Event
from tests.integration.engine.journalling import fresh, journal_on, lose_everything, settled
from tests.integration.placement.bundles import closed


@pytest.fixture
def both(blue: Urls, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Acme on the directory, Zeta on blue, and a journal."""
    control._lane_counts.clear()
    with transaction.atomic(), operator():
        control.register("acme")
        control.register("zeta", database="blue")
    with journal_on(monkeypatch):
        guard(os.environ["WORKER_DATABASE_URL"], "default")
        guard(blue.worker, "blue")
        yield


def worker(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def guard(url: str, database: str) -> None:
    """What maintenance of a database does each second."""
    with worker(url) as connection:
        rebuild.guard_lanes(connection, database)


def buffered(url: str) -> list[tuple[str, int]]:
    with worker(url) as connection:
        rows = connection.execute("SELECT tenant_id, count(*) FROM engine_spill GROUP BY 1").fetchall()
    return [(tenant, count) for tenant, count in rows]


def push_both() -> tuple[list[Event], list[Event]]:
    acme, zeta = fresh("acme", "ada", 3), fresh("zeta", "ada", 2)
    enqueue.push([*acme, *zeta])
    return acme, zeta


def test_each_database_gets_its_own_tenants_events_back(both: None, blue: Urls) -> None:
    push_both()
    lose_everything()

    guard(os.environ["WORKER_DATABASE_URL"], "default")
    assert (buffered(os.environ["WORKER_DATABASE_URL"]), buffered(blue.worker)) == ([("acme", 3)], [])
    assert lanes().lease("first", "test", "default")
    assert not lanes().lease("second", "test", "blue")

    guard(blue.worker, "blue")
    assert buffered(blue.worker) == [("zeta", 2)]
    assert lanes().lease("third", "test", "blue")


def test_a_database_that_is_down_keeps_only_its_own_tenants_waiting(both: None, blue: Urls) -> None:
    push_both()
    lose_everything()

    with closed(blue.worker):
        guard(os.environ["WORKER_DATABASE_URL"], "default")
        enqueue.push(fresh("acme", "ada", 1, first=3))
        assert lanes().lease("first", "test", "default")

    guard(blue.worker, "blue")
    assert lanes().lease("second", "test", "blue")


def test_what_is_settled_is_known_from_each_tenants_ledger(both: None, blue: Urls) -> None:
    acme, zeta = push_both()
    with worker(os.environ["WORKER_DATABASE_URL"]) as directory:
        ledger.claim(directory, acme)
        journalled.note_settled(directory)
        assert settled(directory)[0] == 0

        with closed(blue.worker):
            journalled.note_settled(directory)
        assert settled(directory)[0] == 0

        with worker(blue.worker) as of_zeta:
            ledger.claim(of_zeta, zeta)
        journalled.note_settled(directory)
        first, last = settled(directory)
        assert first == last
