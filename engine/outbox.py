"""Events born inside a Django transaction: written with it, in their lanes once it has committed.

A crash between the commit and the push leaves the row; the sweeper pushes it. A double push is harmless:
the ledger drops it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
from django.db import connection, transaction

from engine import enqueue
from engine.errors import BrokerDown, LaneFull
from engine.sql import load
from engine.types import Event, decode, encode

QUERIES = load("engine.sql", "outbox.sql")
logger = logging.getLogger(__name__)

#: Age in seconds from which the sweeper takes a row: its own transaction had time to push it.
SWEEP_AGE_SECONDS = 5

#: Events that share one row; appending copies the row, so it may not grow without end.
ROW_EVENTS = 100


def record(tenant: str, events: Sequence[Event]) -> None:
    """Write events into the open transaction; they are pushed when it commits, or never.

    The events of one transaction share rows of 100. Outside a transaction it makes one.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        lines = [encode(event) + b"\n" for event in events]
        for first in range(0, len(lines), ROW_EVENTS):
            body = b"".join(lines[first : first + ROW_EVENTS])
            count = body.count(b"\n")
            cursor.execute(QUERIES["append_to_row_of_transaction"], {"tenant": tenant, "events": body, "count": count})
            row, is_new = cursor.fetchone()
            if is_new:
                transaction.on_commit(partial(_push_row, tenant, row))


def _push_row(tenant: str, row: int) -> None:
    """Push what the committed row holds, then delete it. The broker being down leaves it to the sweeper."""
    found = _in_tenant(tenant, "select_row", row)
    if found is None:
        return
    try:
        enqueue.push(_events(tenant, bytes(found[0])))
    except (BrokerDown, LaneFull) as error:
        logger.warning("events of tenant %s stay in the outbox: %s", tenant, error)
        return
    _in_tenant(tenant, "delete_row_returning_id", row)


def _in_tenant(tenant: str, query: str, row: int) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(QUERIES["set_tenant_of_transaction"], [tenant])
        cursor.execute(QUERIES[query], [row])
        return cursor.fetchone()


def _events(tenant: str, body: bytes) -> list[Event]:
    return [decode(line, tenant) for line in body.splitlines()]


def sweep(worker: psycopg.Connection, batch: int = 100) -> int:
    """Push rows that a crash or a broker outage left behind, oldest first. Returns how many rows.

    A tenant with a full lane waits for the next sweep, with all its rows: they keep their order, and nobody
    else waits. Takes a connection of the worker role in autocommit. Two sweepers may push a row twice:
    harmless. Raises BrokerDown.
    """
    pushed = 0
    full: list[str] = []
    while rows := worker.execute(QUERIES["select_rows_left_behind"], [SWEEP_AGE_SECONDS, full, batch]).fetchall():
        for row, tenant, body in rows:
            if tenant in full:
                continue
            try:
                enqueue.push(_events(tenant, body))
            except LaneFull as error:
                logger.warning("events of tenant %s stay in the outbox: %s", tenant, error)
                full.append(tenant)
            else:
                worker.execute(QUERIES["delete_row_returning_id"], [row])
                pushed += 1
    return pushed
