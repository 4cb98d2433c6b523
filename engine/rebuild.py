"""Lanes are rebuilt from the journal: what Redis has lost is put in front of their buffers in PostgreSQL, in order.

Redis holds a marker while it has lost nothing (marker.lua). Without one nothing is leased and producers spill, so
nobody goes ahead of what was lost:

    begin ─▶ read the journal from its end back to what is settled ─▶ put what is missing in front ─▶
    tell Redis all shares and all lanes in spill mode ─▶ end: the marker is there again

Each step may be repeated, after a crash or when Redis loses its memory once more: what was put in front is found
there, what was done is in the ledger.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Sequence
from contextlib import closing

import psycopg

from engine import control, db, spill
from engine.answers import Mode
from engine.errors import BrokerDown
from engine.journalled import Entry, alone, entries, settled_to, unsettled
from engine.lanes import BROKER_ERRORS, lanes
from engine.placement import DIRECTORY, database_of
from engine.spill import Place
from engine.sql import load

QUERIES = load("engine.sql", "journal.sql")
logger = logging.getLogger(__name__)

#: Rows read at once; one holds a megabyte, or one push. Producers wait two seconds at most for the lanes of a batch.
ROWS_AT_ONCE = 2

#: Batches between two lines in the log.
REPORT_BATCHES = 200


def guard_lanes(worker: psycopg.Connection, database: str = DIRECTORY) -> None:
    """Rebuild a database's lanes when Redis may have lost something since the last time.

    Waits for a Redis that is away. `worker` is a connection of the worker role to the database, in autocommit.
    """
    if not lanes().settings.journal:
        return
    try:
        if not is_guarded(worker, database):
            rebuild_lanes(worker, database)
    except (*BROKER_ERRORS, BrokerDown) as error:
        logger.warning("lanes are rebuilt when the broker answers: %s", error)


def is_guarded(worker: psycopg.Connection, database: str) -> bool:
    """Whether Redis has lost nothing since the rebuild that the database knows of."""
    row = worker.execute(QUERIES["select_state"]).fetchone()
    return row is not None and row[1] is not None and lanes().marker(database) == str(row[1])


def rebuild_lanes(worker: psycopg.Connection, database: str = DIRECTORY) -> int | None:
    """Put into the lanes of a database's tenants what they have lost, if they have.

    Returns the number of events, None when it was not finished: somebody else is at it, or Redis lost
    its memory meanwhile. Takes connections as guard_lanes() does.
    """
    with alone(worker, "engine_journal_rebuild") as mine:
        if not mine:
            return None
        if database == DIRECTORY:
            return _rebuild(worker, worker, database)
        with closing(db.connect_worker(DIRECTORY, "fairlane-rebuild")) as directory:
            return _rebuild(directory, worker, database)


def _rebuild(directory: psycopg.Connection, worker: psycopg.Connection, database: str) -> int | None:
    token, id = uuid.uuid4().hex, uuid.uuid4()
    logger.warning("Redis may have lost events: lanes of database %s are being rebuilt from the journal", database)
    lanes().begin_rebuild(database, token)
    put = Rebuild(directory, worker, database).run()
    control.restore()
    for modes in spill.modes_in_spill(worker, blind=False):
        lanes().tell_modes(modes)
    worker.execute(QUERIES["update_marker"], [id])
    if not lanes().end_rebuild(database, token, str(id)):
        logger.warning("Redis lost its memory while lanes were being rebuilt: once more")
        return None
    logger.warning("lanes of database %s are rebuilt: %d events were put back", database, put)
    return put


class Rebuild:
    """One reading of the journal, newest first: each event is put in front of those that came after it."""

    def __init__(self, directory: psycopg.Connection, worker: psycopg.Connection, database: str) -> None:
        self.directory = directory  #: where the journal is
        self.worker = worker
        self.database = database
        self.put = 0
        #: Leads, of tenants, of which something later was put in front: what is before it has to be there too.
        self.incomplete: set[tuple[str, str]] = set()

    def run(self) -> int:
        """Returns how many events were put in front of their lanes."""
        self._note_buffered()
        settled = settled_to(self.directory)
        upto, batches = self._last_row(), 0
        while rows := self._rows(settled, upto):
            found = [entry for row, body in rows for entry in reversed(entries(row, body)) if self._is_ours(entry)]
            self._put(self._front(unsettled(self.directory, self.worker, found)))
            upto, batches = rows[-1][0] - 1, batches + 1
            if batches % REPORT_BATCHES == 0:
                logger.info("rebuilding: %d events put back, journal rows from %d to %d left", self.put, settled, upto)
        self.worker.execute(QUERIES["drop_buffered"])
        return self.put

    def _is_ours(self, entry: Entry) -> bool:
        return database_of(entry.event.tenant) == self.database

    def _note_buffered(self) -> None:
        with self.worker.transaction():
            self.worker.execute(QUERIES["limit_note_buffered"])
            for name in ("drop_buffered", "note_buffered", "index_buffered"):
                self.worker.execute(QUERIES[name])

    def _last_row(self) -> int:
        """What is written from now on is spilled by its producer: it finds no marker."""
        row = self.directory.execute(QUERIES["select_last_id"]).fetchone()
        return row[0] if row else 0

    def _rows(self, settled: int, upto: int) -> list[tuple[int, bytes]]:
        limits = {"after": settled, "upto": upto, "limit": ROWS_AT_ONCE}
        return self.directory.execute(QUERIES["select_rows_before"], limits).fetchall()

    def _front(self, newest_first: Sequence[Entry]) -> list[tuple[Entry, int | None]]:
        """What has to be put in front, and its number if it is in the buffer already, behind something else.

        All of a lead up to the last event that is missing: so each lead is in the order of the journal
        wherever the gaps are. The rest stays where it is.
        """
        numbers = self._numbers(newest_first)
        front = []
        for place, entry in enumerate(newest_first, start=1):
            lead, number = (entry.event.tenant, entry.event.lead), numbers.get(place)
            if number is None:
                self.incomplete.add(lead)
            if lead in self.incomplete:
                front.append((entry, number))
        return front

    def _numbers(self, found: Sequence[Entry]) -> dict[int, int]:
        columns = _columns([(*entry.place, digest(entry.raw)) for entry in found], 3)
        return dict(self.worker.execute(QUERIES["select_buffered"], columns).fetchall())

    def _put(self, front: Sequence[tuple[Entry, int | None]]) -> None:
        """In one transaction, newest first, each number below the one before; then Redis is told."""
        if not front:
            return
        with self.worker.transaction():
            places = sorted({entry.place for entry, _ in front})
            locked = self.worker.execute(QUERIES["lock_modes_of_places"], _columns(places, 2))
            bottoms = {(tenant, lane): bottom for tenant, lane, bottom in locked}
            spill.remove(self.worker, [(*entry.place, number) for entry, number in front if number is not None])
            rows = [_row(entry, bottoms) for entry, _ in front]
            self.worker.execute(QUERIES["insert_events_in_front"], _columns(rows, 5))
            changed = _columns([(*place, bottom) for place, bottom in bottoms.items()], 3)
            modes: list[Mode] = self.worker.execute(QUERIES["update_modes_to_rebuilt"], changed).fetchall()
        lanes().tell_modes(modes)
        self.put += len(front)


def _row(entry: Entry, bottoms: dict[Place, int]) -> tuple[object, ...]:
    bottoms[entry.place] -= 1
    return (*entry.place, bottoms[entry.place], entry.event.accepted_at, entry.raw)


def digest(raw: bytes) -> uuid.UUID:
    """By which the buffer is searched for an event; journal.sql computes the same."""
    return uuid.UUID(bytes=hashlib.md5(raw, usedforsecurity=False).digest())


def _columns(rows: Sequence[Sequence[object]], count: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]
