"""Dead letters that a person looks at: retried or dropped. They stay, as ended, for the days of the ledger.

A retried event is accepted anew, now: it comes behind what its lead was sent since, and has a day of its own in the
ledger, from which its burial is taken out in the same transaction. It reaches its lane through the outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import psycopg

from engine import outbox
from engine.rights import rows_of
from engine.sql import load
from engine.types import Event, decode

QUERIES = load("engine.sql", "deadletters.sql")

#: Letters retried in one transaction.
CHUNK = 500


@dataclass(frozen=True)
class Choice:
    """Which letters of a tenant: those that meet all of these, None meaning any."""

    ids: Sequence[int] | None = None
    type: str | None = None
    since: datetime | None = None  #: buried then or later


class Letter(NamedTuple):
    """A dead letter."""

    id: int
    created_at: datetime
    type: str
    event_id: str
    lead: str
    lane: int
    attempts: int
    error: str
    payload: bytes


class Retried(NamedTuple):
    """What came of a retry."""

    events: int
    unreadable: int  #: letters that are no event: executing them again changes nothing, they stay


def find(tenant: str, choice: Choice, limit: int = 50) -> list[Letter]:
    """The oldest letters that nobody has dealt with."""
    return [Letter(*row) for row in _run(tenant, "select_letters_alive", choice, after=0, limit=limit)]


def count(tenant: str, choice: Choice) -> int:
    """How many there are."""
    return _run(tenant, "count_letters_alive", choice)[0][0]


def retry(tenant: str, choice: Choice, limit: int | None = None) -> Retried:
    """Put events back into their lanes, behind what was accepted since; each once, whoever else retries it.

    At most `limit` letters, the oldest first.
    """
    after, events, unreadable, left = 0, 0, 0, limit
    while left is None or left > 0:
        size = CHUNK if left is None else min(CHUNK, left)
        with rows_of(tenant) as cursor:
            cursor.execute(QUERIES["lock_letters_alive"], _parameters(tenant, choice, after=after, limit=size))
            rows = [(id, bytes(payload)) for id, payload in cursor.fetchall()]
            released = _release(cursor, tenant, rows)
        events, unreadable = events + released, unreadable + len(rows) - released
        if len(rows) < size:
            break
        after, left = rows[-1][0], None if left is None else left - len(rows)
    return Retried(events, unreadable)


def _release(cursor: Any, tenant: str, rows: Sequence[tuple[int, bytes]]) -> int:
    """Take letters' events out of the ledger and into the outbox. Returns how many."""
    events = {id: event for id, payload in rows if (event := _read(payload, tenant))}
    if not events:
        return 0
    now = datetime.now(UTC)
    keys = [event.ledger_key for event in events.values()]
    days = [_day_in_the_way(event, now) for event in events.values()]
    cursor.execute(QUERIES["release_letters"], [list(events), keys, days])
    outbox.record(tenant, [msgspec.structs.replace(event, accepted_at=now) for event in events.values()])
    return len(events)


def _day_in_the_way(event: Event, now: datetime) -> date | None:
    """Under which the ledger would drop the event today; what is older stays, against copies of the old event."""
    day = event.ledger_day
    return day if day >= now.date() - timedelta(days=1) else None


def _read(payload: bytes, tenant: str) -> Event | None:
    try:
        return decode(payload, tenant)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def drop(tenant: str, choice: Choice) -> int:
    """Give letters up. Returns how many; their events count as done and are never executed."""
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES["update_letters_dropped"], _parameters(tenant, choice))
        return cursor.rowcount


def tenants(worker: psycopg.Connection) -> list[str]:
    """Tenants on this database that have letters."""
    return [tenant for (tenant,) in worker.execute(QUERIES["select_tenants_with_letters"]).fetchall()]


def forget_over(worker: psycopg.Connection, days: int) -> int:
    """Delete letters that were dealt with so long ago. Returns how many."""
    return worker.execute(QUERIES["delete_letters_over"], [days]).rowcount


def _run(tenant: str, query: str, choice: Choice, **more: object) -> list[tuple[Any, ...]]:
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES[query], _parameters(tenant, choice, **more))
        return cursor.fetchall()


def _parameters(tenant: str, choice: Choice, **more: object) -> dict[str, object]:
    ids = None if choice.ids is None else list(choice.ids)
    return {**asdict(choice), "ids": ids, "tenant": tenant, **more}
