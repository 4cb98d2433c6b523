"""The journal in the tests' own process, and what becomes of Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from engine import enqueue, rebuild
from engine.journal import Journal, Writer, unpack
from engine.lanes import lanes
from engine.types import Event
from tests.events import event
from tests.integration.engine.spilling import limit


def fresh(tenant: str, lead: str, count: int, first: int = 0, type: str = "purchase") -> list[Event]:
    """Numbered events of one lead, accepted now."""
    return [
        event(tenant, lead, f"{lead}-{n}", type, at=datetime.now(UTC), n=n) for n in range(first, first + count)
    ]  # fmt: skip


@contextmanager
def journal_on(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.0) -> Iterator[Journal]:
    """Producers and nodes of this process have a journal."""
    writer = Writer()
    journal = Journal(seconds, writer, writer.close)
    monkeypatch.setattr(enqueue, "journal", lambda: journal)
    limit(monkeypatch, journal=True)
    enqueue._full.clear()
    yield journal
    journal.end()


def journalled(watch: psycopg.Connection) -> list[tuple[str, str]]:
    """Tenant and raw event of everything in the journal, in order."""
    rows = watch.execute("SELECT body FROM engine_journal ORDER BY id").fetchall()
    return [
        (tenant, raw.decode()) for (body,) in rows for tenant, _, events in unpack(body) for raw in events
    ]  # fmt: skip


def lose_everything() -> None:
    """FLUSHALL."""
    lanes().client.flushall()


def settled(watch: psycopg.Connection) -> tuple[int, int]:
    """Up to which row of the journal all is settled, and the last row there is."""
    row = watch.execute(
        "SELECT coalesce((SELECT settled FROM engine_journalstate), 0), coalesce(max(id), 0) FROM engine_journal"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def rebuild_now(watch: psycopg.Connection) -> None:
    """What maintenance does each second."""
    rebuild.guard_lanes(watch)
