"""Which events were done: claimed as the first statement of the transaction that holds their effects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import psycopg

from engine.arrays import columns
from engine.sql import load
from engine.types import Event, Unreadable

QUERIES = load("engine.sql", "ledger.sql")


def claim(connection: psycopg.Connection, events: Sequence[Event]) -> list[Event]:
    """The events that were not done before, in the given order, each at most once.

    Waits for another owner of the same events, up to the connection's lock_timeout.
    """
    if not events:
        return []
    identities = [_identity(event) for event in events]
    rows = connection.execute(QUERIES["claim_events_not_done"], columns(identities))
    if rows.rowcount == len(events) == len({(tenant, key) for tenant, key, _ in identities}):  # nearly always
        return list(events)
    return _first_of_each(events, {(tenant, key.hex) for tenant, key in rows})


def _identity(event: Event) -> tuple[str, str, date]:
    return event.tenant, event.ledger_key, event.ledger_day


def _first_of_each(events: Sequence[Event], fresh: set[tuple[str, str]]) -> list[Event]:
    """The first event of each identity that is fresh."""
    todo = []
    for event in events:
        identity = (event.tenant, event.ledger_key.replace("-", ""))
        if identity in fresh:
            fresh.remove(identity)
            todo.append(event)
    return todo


def is_done(connection: psycopg.Connection, event: Event) -> bool:
    """Whether the event was done before."""
    day = event.ledger_day
    row = connection.execute(QUERIES["select_event_done"], [event.tenant, event.ledger_key, day, day]).fetchone()
    return bool(row and row[0])


def not_done(connection: psycopg.Connection, events: Sequence[Event]) -> list[Event]:
    """Those of the events that were not done before, in the given order."""
    if not events:
        return []
    rows = connection.execute(QUERIES["select_events_not_done"], columns([_identity(event) for event in events]))
    return [events[place - 1] for (place,) in rows]


def bury(
    connection: psycopg.Connection,
    tenant: str,
    lane: int,
    event: Event | Unreadable,
    raw: bytes,
    error: str,
    attempts: int,
) -> None:
    """Park an event, or bytes that are none, as a dead letter. `raw` is what the lane held."""
    names = [event.lead, event.id, event.type] if isinstance(event, Event) else ["", "", ""]
    texts = [text.replace("\x00", "\\0") for text in (*names, error[:4000])]  # PostgreSQL takes no NUL
    connection.execute(QUERIES["insert_dead_letter"], [tenant, lane, *texts[:3], raw, texts[3], attempts])


def ensure_partitions(connection: psycopg.Connection, keep_days: int) -> int:
    """Make the days to come, drop those past keep_days. Returns the number of new ones."""
    row = connection.execute(QUERIES["ensure_partitions"], [keep_days]).fetchone()
    return row[0] if row else 0
