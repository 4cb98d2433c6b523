"""Which events were done: claimed as the first statement of the transaction that holds their effects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import psycopg

from engine.sql import load
from engine.types import Event, Unreadable, encode

QUERIES = load("engine.sql", "ledger.sql")


def claim(connection: psycopg.Connection, events: Sequence[Event]) -> list[Event]:
    """The events that were not done before, in the given order, each at most once.

    Waits for another owner of the same events, up to the connection's lock_timeout.
    """
    keys = [event.ledger_key for event in events]
    days = [event.accepted_at.astimezone(UTC).date() for event in events]
    tenants = [event.tenant for event in events]
    rows = connection.execute(QUERIES["claim_events_not_done"], [tenants, keys, days])
    fresh = set(rows.fetchall())
    todo = []
    for event, key in zip(events, keys, strict=True):
        identity = (event.tenant, key)
        if identity in fresh:
            fresh.remove(identity)
            todo.append(event)
    return todo


def is_done(connection: psycopg.Connection, event: Event) -> bool:
    """Whether the event was done before."""
    day = event.accepted_at.astimezone(UTC).date()
    row = connection.execute(
        QUERIES["select_event_done"], [event.tenant, event.ledger_key, day, day]
    ).fetchone()
    return bool(row and row[0])


def bury(
    connection: psycopg.Connection,
    tenant: str,
    lane: int,
    event: Event | Unreadable,
    error: str,
    attempts: int,
) -> None:
    """Park an event, or bytes that are none, as a dead letter."""
    if isinstance(event, Event):
        known = [event.lead, event.id, event.type, encode(event)]
    else:
        known = ["", "", "", event.raw]
    error = error.replace("\x00", "\\0")[:4000]
    connection.execute(QUERIES["insert_dead_letter"], [tenant, lane, *known, error, attempts])


def ensure_partitions(connection: psycopg.Connection, keep_days: int) -> int:
    """Make the days to come, drop those past keep_days. Returns the number of new ones."""
    row = connection.execute(QUERIES["ensure_partitions"], [keep_days]).fetchone()
    return row[0] if row else 0
