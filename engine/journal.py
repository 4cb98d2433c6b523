"""The journal: accepted events are in PostgreSQL before anything else is done with them. Off by default.

One thread per process commits what all its producers hand in, as one compressed row at most every 200 ms; a
producer waits for the row that holds its events. A row may hold events of any tenants: the application's role
adds rows and cannot read one. engine/rebuild.py puts back into the lanes what Redis lost.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import django.db
import msgspec
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from engine.conf import conf
from engine.errors import BrokerDown
from engine.sql import load
from engine.types import Event, encode

QUERIES = load("engine.sql", "journal.sql")
logger = logging.getLogger(__name__)

#: Where the journal is, whatever databases the tenants are on: one row holds events of many of them.
DATABASE = "default"

#: A commit that holds so many bytes, not yet compressed, waits for no company.
FULL_BYTES = 1 << 20

#: What may wait while PostgreSQL is slow; more is refused.
ROOM_BYTES = 32 << 20

#: A producer is told after so many seconds that the journal does not answer.
PATIENCE_SECONDS = 10.0

#: Events of one lane, in order: tenant, lane, the events as a lane holds them.
Group = tuple[str, int, list[bytes]]

_decoder = msgspec.msgpack.Decoder(list[Group])


def pack(groups: Sequence[Group]) -> bytes:
    """A row's body. Fast before small: zlib's level 1."""
    return zlib.compress(msgspec.msgpack.encode(groups), 1)


def unpack(body: bytes) -> list[Group]:
    """What was packed, in order."""
    return _decoder.decode(zlib.decompress(body))


@dataclass
class Batch:
    """What the next commit holds, and how it ended."""

    groups: list[Group] = field(default_factory=list)
    events: int = 0
    size: int = 0  #: bytes
    times: list[datetime] = field(default_factory=list)  #: of acceptance, the first and the last
    ended: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def add(self, groups: Sequence[Group], times: Sequence[datetime]) -> None:
        """In the order in which producers come."""
        self.groups += groups
        self.events += sum(len(events) for _, _, events in groups)
        self.size += sum(len(event) for _, _, events in groups for event in events)
        known = [*self.times, *times]
        self.times = [min(known), max(known)]


def wait_for_company(batch: Batch, since_last: float, seconds: float) -> float:
    """Seconds until the batch is committed: at once after a quiet time, else that long after the one before."""
    return 0.0 if batch.size >= FULL_BYTES else max(0.0, seconds - since_last)


class Journal:
    """Commits what producers hand in, on a thread of its own."""

    def __init__(
        self, seconds: float, commit: Callable[[Batch], None], close: Callable[[], None] = lambda: None
    ) -> None:
        self.seconds = seconds
        self._commit = commit
        self._close = close
        self._batch = Batch()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = False

    def write(self, lanes_of: Mapping[tuple[str, int], Sequence[Event]]) -> None:
        """Return when the events are committed. Raises BrokerDown; some may have been committed then."""
        groups = [(tenant, lane, [encode(event) for event in events]) for (tenant, lane), events in lanes_of.items()]
        batch = self._add(groups, [event.accepted_at for events in lanes_of.values() for event in events])
        if not batch.ended.wait(PATIENCE_SECONDS):
            raise BrokerDown(f"the journal did not answer within {PATIENCE_SECONDS:.0f} s")
        if batch.error:
            raise BrokerDown(f"the journal cannot be written: {batch.error}") from batch.error

    def _add(self, groups: Sequence[Group], times: Sequence[datetime]) -> Batch:
        with self._changed:
            if self._batch.size > ROOM_BYTES:
                raise BrokerDown("the journal is written too slowly")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()
            batch = self._batch
            batch.add(groups, times)
            self._changed.notify()
        return batch

    def _run(self) -> None:
        last = -self.seconds
        while (batch := self._next(last)) is not None:
            last = time.monotonic()
            try:
                self._commit(batch)
            except Exception as error:
                batch.error = error
                logger.warning("the journal cannot be written: %s", error)
            batch.ended.set()
        self._close()

    def _next(self, last: float) -> Batch | None:
        """The batch whose time has come; None at the end."""
        with self._changed:
            while not self._ended:
                due = None
                if self._batch.groups:
                    due = wait_for_company(self._batch, time.monotonic() - last, self.seconds)
                if due == 0.0:
                    batch, self._batch = self._batch, Batch()
                    return batch
                self._changed.wait(due)
        return None

    def end(self) -> None:
        """Stop the thread; what is not committed is not accepted."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)


class Writer:
    """One row per batch, each a transaction, on a connection that is the journal's own."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None

    def __call__(self, batch: Batch) -> None:
        """Raises django.db.Error. A connection that broke is made once more: two rows of the same are harmless."""
        row = [batch.events, *batch.times, pack(batch.groups)]
        try:
            self._insert(row)
        except (django.db.OperationalError, django.db.InterfaceError):
            self.close()
            self._insert(row)

    def _insert(self, row: Sequence[object]) -> None:
        if self._connection is None:
            self._connection = connections.create_connection(DATABASE)
            with self._connection.cursor() as cursor:
                cursor.execute(QUERIES["limit_session"])
        with self._connection.cursor() as cursor:
            cursor.execute(QUERIES["insert_row"], row)

    def close(self) -> None:
        """Give up the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


@cache
def _journal_of_process(_pid: int) -> Journal:
    writer = Writer()
    return Journal(conf().journal_seconds, writer, writer.close)


def journal() -> Journal:
    """This process's journal; a forked child gets its own."""
    return _journal_of_process(os.getpid())
