"""What of the journal is settled: executed, parked, or of no use any more.

Rows are looked at oldest first, against the ledger, and how far all is settled is remembered: from there on lanes
would be rebuilt, and hours before it are dropped. What should be in a lane and is in none, because its producer
died between the commit and the push, is put there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import psycopg

from engine import db, enqueue, ledger
from engine.conf import conf
from engine.errors import DatabaseDown
from engine.journal import unpack
from engine.lanes import lanes
from engine.placement import DIRECTORY, database_of
from engine.spill import Place
from engine.sql import load
from engine.types import Event, decode

QUERIES = load("engine.sql", "journal.sql")
logger = logging.getLogger(__name__)

#: Rows read at once; one holds a megabyte, or one push.
ROWS_AT_ONCE = 8

#: One look takes no longer: other chores wait meanwhile. The next one goes on from there.
LOOK_SECONDS = 2.0

#: An event is looked for in its lane when it has been in the journal so long, and is missing there when the lane
#: has come to events accepted so much later: clocks differ less.
STRAY_SECONDS = 60.0

#: A stray is given to its lane again after this; until then it waits there behind others.
STRAY_PAUSE_SECONDS = 600.0


class Entry(NamedTuple):
    """An event of the journal."""

    row: int
    lane: int
    raw: bytes
    event: Event

    @property
    def place(self) -> Place:
        """Its lane."""
        return self.event.tenant, self.lane


def entries(row: int, body: bytes) -> list[Entry]:
    """The events of a row, in order. What cannot be read is none: executing it leaves nothing but a dead letter."""
    found = []
    for tenant, lane, events in unpack(body):
        for raw in events:
            try:
                found.append(Entry(row, lane, raw, decode(raw, tenant)))
            except (ValueError, RecursionError):
                continue
    return found


def unsettled(
    directory: psycopg.Connection, home: psycopg.Connection, found: Sequence[Entry]
) -> list[Entry]:  # fmt: skip
    """Those that are to be executed still, in the given order: not done, and not thrown away by an abort.

    What the ledger may have forgotten is none of them, or it might be done twice. `home` is the database of
    their tenants.
    """
    oldest, aborted = first_day(), _rows_aborted(directory, found)
    known = [
        entry
        for entry in found
        if entry.event.ledger_day >= oldest and entry.row > aborted.get(entry.event.tenant, 0)
    ]  # fmt: skip
    todo = {id(event) for event in ledger.not_done(home, [entry.event for entry in known])}
    return [entry for entry in known if id(entry.event) in todo]


def _rows_aborted(directory: psycopg.Connection, found: Sequence[Entry]) -> dict[str, int]:
    tenants = sorted({entry.event.tenant for entry in found})
    return dict(directory.execute(QUERIES["select_rows_aborted"], [tenants]).fetchall())


def first_day() -> date:
    """The first day of acceptance of which the ledger surely knows everything."""
    return datetime.now(UTC).date() - timedelta(days=keep_days())


def keep_days() -> int:
    """How long the journal is of use: a day less than the ledger."""
    return conf().ledger_days - 1


@contextmanager
def alone(worker: psycopg.Connection, what: str) -> Iterator[bool]:
    """Whether nobody else does this now; holds others off until the block ends, or the connection."""
    row = worker.execute(QUERIES["try_lock"], [what]).fetchone()
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine and not worker.closed:
            worker.execute(QUERIES["unlock"], [what])


def settled_to(worker: psycopg.Connection) -> int:
    """Every row up to this id is settled."""
    row = worker.execute(QUERIES["select_state"]).fetchone()
    return row[0] if row else 0


def note_settled(directory: psycopg.Connection) -> None:
    """Move on over what is settled, and give strays to their lanes. Bounded; nothing where there is no journal."""
    deadline = time.monotonic() + LOOK_SECONDS
    with alone(directory, "engine_journal_settled") as mine, _homes(directory) as home:
        upto = _last_row(directory) if mine else 0
        while upto and time.monotonic() < deadline and _look(directory, home, upto):
            pass


#: The connection to a database. Raises psycopg.Error and DatabaseDown.
Home = Callable[[str], psycopg.Connection]


@contextmanager
def _homes(directory: psycopg.Connection) -> Iterator[Home]:
    """Made when they are needed, and closed."""
    connections = {DIRECTORY: directory}

    def home(database: str) -> psycopg.Connection:
        if database not in connections:
            connections[database] = db.connect_worker(database, "fairlane-journal")
        return connections[database]

    yield home
    for database, connection in connections.items():
        if database != DIRECTORY:
            connection.close()


def _last_row(worker: psycopg.Connection) -> int:
    """The last id below which no row will ever appear: nobody is writing one at this moment."""
    with worker.transaction():
        worker.execute(QUERIES["limit_wait_for_rows"])
        worker.execute(QUERIES["lock_rows"])
        row = worker.execute(QUERIES["select_last_id"]).fetchone()
    return row[0] if row else 0


def _look(directory: psycopg.Connection, home: Home, upto: int) -> bool:
    """At the next rows. Returns whether all were settled and there may be more."""
    limits = {"after": settled_to(directory), "upto": upto, "limit": ROWS_AT_ONCE, "age": STRAY_SECONDS}
    rows = directory.execute(QUERIES["select_rows_after"], limits).fetchall()
    found = [entry for row, body, _ in rows for entry in entries(row, body)]
    old = {row for row, _, is_old in rows if is_old}
    first_open = upto + 1
    for database, of_database in _by_database(found).items():
        try:
            waiting = unsettled(directory, home(database), of_database)
            give_strays(home(database), database, [entry for entry in waiting if entry.row in old])
        except (psycopg.Error, DatabaseDown) as error:
            if database == DIRECTORY:
                raise
            logger.warning("what of database %s is settled is not known: %s", database, error)
            waiting = of_database
        first_open = min([first_open, *(entry.row for entry in waiting)])
    done = [row for row, *_ in rows if row < first_open]
    if done:
        directory.execute(QUERIES["update_settled"], [done[-1]])
    return bool(rows) and len(done) == len(rows)


def _by_database(found: Sequence[Entry]) -> dict[str, list[Entry]]:
    by_database: dict[str, list[Entry]] = {}
    for entry in found:
        by_database.setdefault(database_of(entry.event.tenant), []).append(entry)
    return by_database


#: When this process gave strays to their lanes.
_given: dict[tuple[str, str], float] = {}


def give_strays(worker: psycopg.Connection, database: str, waiting: Sequence[Entry]) -> None:
    """Put those into their lanes of which the lanes know nothing.

    Nobody was told that they were accepted, so whatever came into the lane meanwhile may go first. One that
    is there nevertheless is dropped by the ledger.
    """
    if not waiting or lanes().marker(database) is None:
        return
    now = time.monotonic()
    for name in [name for name, given in _given.items() if given < now - STRAY_PAUSE_SECONDS]:
        del _given[name]
    strays = [entry for entry in _not_in_lanes(worker, waiting) if (entry.event.tenant, entry.event.id) not in _given]
    lanes_of: dict[Place, list[Event]] = {}
    for entry in strays:
        lanes_of.setdefault(entry.place, []).append(entry.event)
        _given[entry.event.tenant, entry.event.id] = now
    if lanes_of:
        enqueue.deliver(lanes_of)
        logger.warning("%d events of the journal were in no lane and are now", len(strays))


def _not_in_lanes(worker: psycopg.Connection, waiting: Sequence[Entry]) -> list[Entry]:
    """Those whose lane is empty, or has come to much later ones: lanes are worked off from the head."""
    heads = _heads(worker, sorted({entry.place for entry in waiting}))
    late = timedelta(seconds=STRAY_SECONDS)
    return [
        entry
        for entry in waiting
        if entry.place not in heads or heads[entry.place] > entry.event.accepted_at + late
    ]  # fmt: skip


def _heads(worker: psycopg.Connection, places: Sequence[Place]) -> dict[Place, datetime]:
    """When the first event of each lane was accepted, in Redis or in the buffer; lanes that are empty are left out."""
    heads: dict[Place, datetime] = {}
    for place, raw in zip(places, lanes().oldest(places), strict=True):
        if raw is not None:
            heads[place] = _accepted_at(raw)
    columns = [[tenant for tenant, _ in places], [lane for _, lane in places]]
    for number, accepted_at in worker.execute(QUERIES["select_oldest_in_buffer"], columns):
        place = places[number - 1]
        heads[place] = min(heads.get(place, accepted_at), accepted_at)
    return heads


def _accepted_at(raw: bytes) -> datetime:
    """What cannot be read has been there for ever."""
    try:
        return decode(raw, "").accepted_at
    except (ValueError, RecursionError):
        return datetime.min.replace(tzinfo=UTC)


def keep_partitions(worker: psycopg.Connection) -> None:
    """Make the hours to come; drop those that are over and settled, or older than the ledger knows."""
    row = worker.execute(QUERIES["keep_partitions"], [keep_days()]).fetchone()
    made, dropped, unsettled_hours = row or (0, 0, [])
    if made or dropped:
        logger.info("%d hours of the journal were made, %d were dropped", made, dropped)
    if unsettled_hours:
        logger.warning("events wait for more than %d days: only their lanes have them now", keep_days())
