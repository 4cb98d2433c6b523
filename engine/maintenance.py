"""What has to be done now and then, whether or not anybody works. Any number of these may run at once.

Each database has its own chores, so that one which is down or hangs keeps nobody else waiting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, update_wrapper

import django.db
import psycopg
from django.utils.module_loading import import_string

from engine import control, db, deadletters, figures, journalled, ledger, outbox, rebuild, reconciler, spill
from engine.conf import conf
from engine.errors import EngineError
from engine.lanes import BROKER_ERRORS, SAMPLE_SECONDS, lanes
from engine.placement import DIRECTORY

logger = logging.getLogger(__name__)

#: What passes by itself: a server that is down, a lane that is full.
PASSING_ERRORS = (psycopg.Error, django.db.Error, EngineError, *BROKER_ERRORS)

BACKOFF_LIMIT_SECONDS = 30.0

#: From one look for what is due to the next.
WAKE_SECONDS = 0.5

Chore = Callable[[psycopg.Connection], None]


def sweep_outbox(worker: psycopg.Connection) -> None:
    """Push what crashes and outages left in the outbox."""
    swept = outbox.sweep(worker)
    if swept:
        logger.info("%d rows of the outbox were pushed", swept)


def restore_shares(worker: psycopg.Connection) -> None:
    """Tell Redis the tenants' shares again: it may have lost its memory. No effect where it has not."""
    django.db.close_old_connections()
    try:
        control.restore()
    except django.db.Error:
        django.db.connection.close()
        raise


def ensure_partitions(worker: psycopg.Connection) -> None:
    """Make the partitions of the days and months to come; drop the ledger's old ones."""
    made = ledger.ensure_partitions(worker, conf().ledger_days)
    if made:
        logger.info("%d partitions of the ledger were made", made)
    deadletters.forget_over(worker, conf().ledger_days)
    if conf().housekeeping:
        import_string(conf().housekeeping)(worker)


def wake_due(worker: psycopg.Connection) -> None:
    """Push the events whose time has come."""
    if conf().wakes:
        import_string(conf().wakes)(worker)


def notice_lost_memory(worker: psycopg.Connection) -> None:
    """Tell a Redis that lost its memory who is paused or drained, before what waits in PostgreSQL may be leased."""
    if not lanes().is_told():
        restore_shares(worker)
        lanes().note_told()


def tell_blind_lanes(worker: psycopg.Connection) -> None:
    """Tell Redis which lanes were spilled into while it could not be asked."""
    notice_lost_memory(worker)
    for modes in spill.modes_in_spill(worker, blind=True):
        lanes().tell_modes(modes)


def tell_spilled_lanes(worker: psycopg.Connection) -> None:
    """Tell Redis all lanes in spill mode again: it may have lost its memory."""
    notice_lost_memory(worker)
    for modes in spill.modes_in_spill(worker, blind=False):
        lanes().tell_modes(modes)


def note_figures(worker: psycopg.Connection, database: str = DIRECTORY) -> None:
    """Tell Redis what the queue writes and what is spilled on a database, for those who look."""
    figures.note(worker, database)


def remove_aborted(worker: psycopg.Connection) -> None:
    """Remove some of what was thrown away of tenants that were aborted."""
    removed = spill.remove_aborted(worker), outbox.remove_aborted(worker)
    if any(removed):
        logger.info("%d aborted events of the buffer and %d rows of the outbox were removed", *removed)


def reconcile(worker: psycopg.Connection, database: str) -> None:
    """Check the invariants of the lanes, a slice at a time, and repair what broke them."""
    reconciler.of_process(database).run_slice(worker)


def guard_lanes(worker: psycopg.Connection, database: str = DIRECTORY) -> None:
    """Rebuild the lanes of a database from the journal, where there is one, when Redis may have lost something."""
    django.db.close_old_connections()
    rebuild.guard_lanes(worker, database)


def note_settled(worker: psycopg.Connection) -> None:
    """Move on over what of the journal is settled."""
    django.db.close_old_connections()
    journalled.note_settled(worker)


def keep_journal(worker: psycopg.Connection) -> None:
    """Make the journal's hours to come, drop those that are settled."""
    journalled.keep_partitions(worker)


#: Each chore of every database, and the seconds from one time to the next.
CHORES: tuple[tuple[Chore, float], ...] = (
    (ensure_partitions, 3600.0),
    (sweep_outbox, 1.0),
    (wake_due, WAKE_SECONDS),
    (tell_blind_lanes, 1.0),
    (tell_spilled_lanes, 10.0),
    (remove_aborted, 1.0),
)

#: Those of the directory alone, first: Redis hears where tenants live, and who is paused, before it hears of lanes.
DIRECTORY_CHORES: tuple[tuple[Chore, float], ...] = (
    (notice_lost_memory, 1.0),
    (restore_shares, 10.0),
    (keep_journal, 3600.0),
    (note_settled, 10.0),
)


def chores_of(database: str) -> list[tuple[Chore, float]]:
    """Each chore of one database."""
    figures_of = update_wrapper(partial(note_figures, database=database), note_figures)
    check = update_wrapper(partial(reconcile, database=database), reconcile)
    guard = update_wrapper(partial(guard_lanes, database=database), guard_lanes)
    first = DIRECTORY_CHORES if database == DIRECTORY else ()
    return [*first, *CHORES, (guard, 1.0), (figures_of, SAMPLE_SECONDS), (check, 1.0)]


@dataclass
class Turn:
    """When a chore is due, and how often in a row it has failed."""

    chore: Chore
    every: float
    due: float = 0.0
    failures: int = 0


class Maintenance:
    """Does each chore of a database when it is due; one that fails is tried again, less and less often."""

    def __init__(self, database: str = DIRECTORY, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.database = database
        self.clock = clock
        self.turns = [Turn(chore, every, due=clock()) for chore, every in chores_of(database)]
        self._worker: psycopg.Connection | None = None

    def run_due(self) -> float:
        """Do what is due. Returns the seconds until something is due again."""
        for turn in self.turns:
            if turn.due <= self.clock():
                self._take(turn)
        return max(0.0, min(turn.due for turn in self.turns) - self.clock())

    def run_once(self) -> list[str]:
        """Do everything now. Returns the names of the chores that failed."""
        for turn in self.turns:
            self._take(turn)
        return [turn.chore.__name__ for turn in self.turns if turn.failures]

    def _take(self, turn: Turn) -> None:
        try:
            turn.chore(self._connection())
        except PASSING_ERRORS as error:
            turn.failures += 1
            wait = min(BACKOFF_LIMIT_SECONDS, 2.0 ** min(turn.failures, 5))
            turn.due = self.clock() + wait
            name = f"{turn.chore.__name__} of {self.database}"
            logger.warning("%s failed and is tried again in %.0f s: %s", name, wait, error)
        else:
            turn.failures = 0
            turn.due = self.clock() + turn.every

    def _connection(self) -> psycopg.Connection:
        """The worker's connection, opened again when it broke."""
        if self._worker is None or self._worker.closed:
            self._worker = db.connect_worker(self.database, "fairlane-maintenance")
        return self._worker

    def close(self) -> None:
        """Give up the connection."""
        if self._worker is not None:
            self._worker.close()
