"""Events born inside a transaction, of Django or of a worker: written with it, in their lanes once it has committed.

A crash between the commit and the push leaves the row; the sweeper pushes it. A double push is harmless:
the ledger drops it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import django.db
import psycopg
from django.db import connections, transaction

from engine import enqueue
from engine.errors import BrokerDown, LaneFull, TenantDraining
from engine.placement import database_of
from engine.rights import rows_of
from engine.sql import load
from engine.types import Event, decode, encode

QUERIES = load("engine.sql", "outbox.sql")
logger = logging.getLogger(__name__)

#: Age in seconds from which the sweeper takes a row: its own transaction had time to push it.
SWEEP_AGE_SECONDS = 5

#: Age in seconds from which a worker takes a row for left behind: it is longer than from a commit to its push.
LEFT_SECONDS = 1

#: Rows read at once; the oldest of a tenant go first.
ROWS_AT_ONCE = 100

#: Events that share one row; appending copies the row, so it may not grow without end.
ROW_EVENTS = 100

#: Most rows looked at to count what a tenant has here.
COUNTED_ROWS = 100_000


def record(tenant: str, events: Sequence[Event]) -> None:
    """Write events into the open transaction of the tenant's database; they are pushed when it commits, or never.

    The events of one transaction share rows of 100. Outside a transaction it makes one.
    """
    using = database_of(tenant)
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        lines = [encode(event) + b"\n" for event in events]
        for first in range(0, len(lines), ROW_EVENTS):
            body = b"".join(lines[first : first + ROW_EVENTS])
            count = body.count(b"\n")
            cursor.execute(QUERIES["append_to_row_of_transaction"], {"tenant": tenant, "events": body, "count": count})
            if cursor.fetchone()[0]:
                transaction.on_commit(partial(_push_tenant, tenant), using=using)


def write(worker: psycopg.Connection, events: Sequence[Event]) -> dict[str, list[int]]:
    """Write events of any tenants into a worker's open transaction, in one statement. Returns the rows by tenant.

    Once it has committed, push_written() puts them into their lanes.
    """
    by_tenant: dict[str, list[bytes]] = {}
    for event in events:
        by_tenant.setdefault(event.tenant, []).append(encode(event) + b"\n")
    rows = [
        (tenant, lines[first : first + ROW_EVENTS])
        for tenant, lines in sorted(by_tenant.items())
        for first in range(0, len(lines), ROW_EVENTS)
    ]
    bodies, sizes = [b"".join(lines) for _, lines in rows], [len(lines) for _, lines in rows]
    written: dict[str, list[int]] = {}
    for tenant, id in worker.execute(QUERIES["insert_rows"], [[tenant for tenant, _ in rows], bodies, sizes]):
        written.setdefault(tenant, []).append(id)
    return written


def push_written(worker: psycopg.Connection, tenant: str, rows: Sequence[int]) -> None:
    """Push rows that write() gave, after their transaction; before them what was left behind, so that events of a lead
    keep their order. The broker being down, or a lane full, leaves all to the sweeper.

    Others push their own rows meanwhile: what is younger than LEFT_SECONDS is theirs.
    """
    run = partial(_as_worker, worker)
    try:
        while _push_rows(tenant, run, "select_rows_written", [tenant, list(rows), LEFT_SECONDS, ROWS_AT_ONCE]):
            pass
    except (BrokerDown, LaneFull, django.db.Error) as error:
        logger.warning("events of tenant %s stay in the outbox: %s", tenant, error)


#: Runs a named query of outbox.sql with its parameters and gives the rows.
Run = Callable[[str, list[Any]], list[tuple[Any, ...]]]


def _push_tenant(tenant: str) -> None:
    """Push what the tenant has in the outbox, the transaction's own row among it, then delete that.

    Another transaction that changed the same lead before has committed, but may not have pushed yet: its
    events go first. A row pushed by both is harmless. The broker being down leaves all to the sweeper.
    """
    try:
        _push_rows(tenant, partial(_in_tenant, tenant))
    except (BrokerDown, LaneFull) as error:
        logger.warning("events of tenant %s stay in the outbox: %s", tenant, error)


def _push_rows(tenant: str, run: Run, query: str = "select_rows_of_tenant", which: Sequence[Any] = ()) -> int:
    """Push the tenant's oldest rows, then delete them. Returns how many rows; raises BrokerDown, LaneFull."""
    rows = run(query, list(which) or [tenant, ROWS_AT_ONCE])
    ids = [row for row, _ in rows]
    try:
        enqueue.push(_events(tenant, [bytes(body) for _, body in rows]))
    except TenantDraining:  # all rows stay as they are
        raise
    except LaneFull as error:
        # What was accepted must not be pushed again at each sweep: only the refused stay, in the oldest row.
        body = b"".join(encode(event) + b"\n" for event in error.refused)
        run("replace_row_returning_id", [body, len(error.refused), ids[0]])
        run("delete_rows_returning_id", [ids[1:]])
        raise
    if ids:
        run("delete_rows_returning_id", [ids])
    return len(ids)


def _in_tenant(tenant: str, query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES[query], parameters)
        return cursor.fetchall()


def _events(tenant: str, bodies: Iterable[bytes]) -> list[Event]:
    """In the order in which they were recorded: a lead's row is locked while its events are, so that is theirs."""
    events = [decode(line, tenant) for body in bodies for line in body.splitlines()]
    return sorted(events, key=lambda event: event.accepted_at)


def sweep(worker: psycopg.Connection) -> int:
    """Push rows that a crash or a broker outage left behind. Returns how many rows.

    A tenant with a full lane waits for the next sweep, with all its rows: they keep their order, and nobody
    else waits. Takes a connection of the worker role in autocommit. Two sweepers may push a row twice:
    harmless. Raises BrokerDown.
    """
    pushed = 0
    for (tenant,) in worker.execute(QUERIES["select_tenants_left_behind"], [SWEEP_AGE_SECONDS]).fetchall():
        try:
            while rows := _push_rows(tenant, partial(_as_worker, worker)):
                pushed += rows
        except TenantDraining:
            continue  # each second, until it is resumed
        except LaneFull as error:
            logger.warning("events of tenant %s stay in the outbox: %s", tenant, error)
    return pushed


def count(tenant: str) -> int:
    """Events of a tenant in the outbox; of its first 100,000 rows."""
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES["count_rows_of_tenant"], {"tenant": tenant, "limit": COUNTED_ROWS})
        return cursor.fetchone()[0]


def throw_away(tenant: str) -> int:
    """What the tenant has in the outbox is pushed by nobody any more. Returns how many events, as count() does.

    Takes the same time whatever that is; remove_aborted() removes the rows.
    """
    events = count(tenant)
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES["abort_rows_of_tenant"], {"tenant": tenant})
    return events


def remove_aborted(worker: psycopg.Connection, *, batch: int = 1000) -> int:
    """Remove some of the rows that were thrown away. Returns how many."""
    removed = worker.execute(QUERIES["delete_rows_aborted"], [batch]).rowcount
    if removed < batch:
        worker.execute(QUERIES["forget_snapshots_if_removed"])
    return removed


def _as_worker(worker: psycopg.Connection, query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    return worker.execute(QUERIES[query], parameters).fetchall()
