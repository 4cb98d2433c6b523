"""The limit: the rows that our path writes, set-based, with no queue and no campaigns."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

import psycopg

from engine.sql import load
from engine.types import Event

SQL = load("tests.benchmarks", "stock.sql")
EVENTS_PER_TRANSACTION = 500


def write(events: list[Event]) -> float:
    """Write all events on one connection. Returns the seconds from the first BEGIN to the last COMMIT."""
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True) as connection:
        size = EVENTS_PER_TRANSACTION
        bundles = [events[first : first + size] for first in range(0, len(events), size)]
        started = time.perf_counter()
        for bundle in bundles:
            with connection.transaction():
                _write_bundle(connection, bundle)
        return time.perf_counter() - started


def _write_bundle(connection: psycopg.Connection, events: list[Event]) -> None:
    connection.execute(SQL["claim_ledger_rows"], _columns([(e.tenant, e.id) for e in events]))
    places = _columns(sorted({(e.tenant, e.lead) for e in events}))
    connection.execute(SQL["insert_leads"], places)
    found = {(row[0], row[1]): row[2] for row in connection.execute(SQL["lock_leads"], places)}
    rows = [(id, 1, '{"orders": 1, "total": "10.00"}') for id in found.values()]
    connection.execute(SQL["update_leads"], _columns(rows))
    now = datetime.now(UTC).isoformat()
    with connection.cursor() as cursor, cursor.copy(SQL["copy_activities"]) as copy:
        copy.write("".join(_lines(event, found[event.tenant, event.lead], now) for event in events))


def _lines(event: Event, lead: int, now: str) -> str:
    head = f"{event.tenant}\t{lead}\t{now}\t{now}\t"
    tail = f"\t{event.id}\t"
    change = '{"field":"total","old":"10.00","new":"20.00","outcome":"done"}\n'
    rows = [f'{head}purchase\t\\N\t\\N\t\\N{tail}{{"amount":"10.00","event_id":"{event.id}","source":"api"}}\n']
    rows += [f"{head}increment_number\t1\t1\t{step}{tail}{change}" for step in ("count", "sum", "score")]
    return "".join(rows)


def _columns(rows: list[tuple]) -> list[list]:
    return [list(column) for column in zip(*rows, strict=True)]


def run(events: list[Event], connections: int) -> float:
    """Events a second over this many connections; each has leads of its own, as lanes would."""
    shares: list[list[Event]] = [[] for _ in range(connections)]
    for event in events:
        shares[hash((event.tenant, event.lead)) % connections].append(event)
    started = time.perf_counter()
    if connections == 1:
        return len(events) / write(shares[0])
    with ProcessPoolExecutor(connections) as pool:
        list(pool.map(write, shares))
    return len(events) / (time.perf_counter() - started)
