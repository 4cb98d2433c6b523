"""The limit: the rows that our path writes, set-based, with no queue and no campaigns."""

from __future__ import annotations

import multiprocessing
import os
import zlib
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier

import psycopg

from engine.sql import load
from engine.types import Event
from tests.benchmarks.meter import Meter
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.suite import Figures
from tests.benchmarks.world import Scene

SQL = load("tests.benchmarks.peers", "stock.sql")
EVENTS_PER_TRANSACTION = 500
GATE_SECONDS = 600.0

#: Each writer has its events from its parent's memory: none is sent to it while time is taken.
_fork = multiprocessing.get_context("fork")


def run(scene: Scene, count: int, connections: int, *, seed: int) -> Figures:
    """Rate and cost over this many connections, one a process; each has leads of its own, as lanes would."""
    scene.reset()
    shares: list[list[Event]] = [[] for _ in range(connections)]
    for event in scene.events(count, seed=seed):
        shares[zlib.crc32(f"{event.tenant} {event.lead}".encode()) % connections].append(event)
    gate = _fork.Barrier(connections + 1)
    writers = [_fork.Process(target=_write, args=(share, gate)) for share in shares]
    for writer in writers:
        writer.start()
    meter = Meter({"writers": lambda: sum(cpu_seconds(writer.pid or 0) for writer in writers)})
    gate.wait(GATE_SECONDS)  # all are connected
    meter.start()
    gate.wait(GATE_SECONDS)
    gate.wait(GATE_SECONDS)  # all have written
    figures = meter.read(events=count, actions=count * scene.actions)
    gate.wait(GATE_SECONDS)  # read before they end
    for writer in writers:
        writer.join()
    return figures


def _write(events: list[Event], gate: Barrier) -> None:
    """Write all events on one connection, between the second and the third opening of the gate."""
    size = EVENTS_PER_TRANSACTION
    bundles = [events[first : first + size] for first in range(0, len(events), size)]
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True) as connection:
        gate.wait(GATE_SECONDS)
        gate.wait(GATE_SECONDS)
        for bundle in bundles:
            with connection.transaction():
                _write_bundle(connection, bundle)
        gate.wait(GATE_SECONDS)
        gate.wait(GATE_SECONDS)


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
