"""The engine's Celery tasks: each makes one call."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

import django.db
import psycopg
from celery import current_app, shared_task
from celery.exceptions import Retry as CeleryRetry
from django.utils.module_loading import import_string
from kombu.utils.json import loads

from engine import clock, control, db, outbox
from engine.breaker import Breaker
from engine.conf import conf
from engine.errors import DatabaseDown, Retry, UnsafeRole
from engine.executor import Executor, Report
from engine.keeper import owner
from engine.lanes import BROKER_ERRORS, lanes
from engine.placement import DIRECTORY, live_elsewhere
from engine.silence import ServerSilent
from engine.transport import BUNDLE_TASK
from engine.types import Event

logger = logging.getLogger(__name__)

#: Tries to tell Redis the outcome, with this pause; then the lease runs out and the ledger drops the repeat.
SETTLE_TRIES, SETTLE_PAUSE_SECONDS = 3, 0.2

#: Pause of the lanes of a bundle that the database could not take.
DATABASE_PAUSE_SECONDS = 1.0

#: Each statement of a bundle looks its rows up in an index, whatever statistics say. A plan that is kept is made within
#: the first bundles of a connection: for a table that was empty then, a partition of the ledger just begun, it would
#: read all of it for each bundle until somebody has counted the rows again.
LOOK_UPS = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"

#: By process and database.
_executors: dict[tuple[int, str], Executor] = {}


#: So long an executor leases bundles for itself, one after the other, before its worker hands it another: the way
#: through the main process costs as much as a small bundle itself. Ordinary tasks wait so much longer at most.
FOLLOW_SECONDS = 0.25


@dataclass
class Ran:
    """What was executed under one bundle id."""

    node: str = ""  #: for whom the next bundle is leased; "": nobody
    began: float = field(default_factory=time.perf_counter)
    bundles: int = 0
    events: int = 0
    lanes: int = 0
    dead: int = 0
    kept: bool = True  #: no lease was lost

    def goes_on(self) -> bool:
        """Whether one more bundle is leased."""
        return bool(self.node) and time.perf_counter() - self.began < FOLLOW_SECONDS

    def count(self, report: Report, settled: int) -> None:
        """One more bundle ended; settled: as Lanes.settle() answers."""
        self.bundles += 1
        self.events += sum(outcome.done for outcome in report.outcomes.values())
        self.lanes += len(report.outcomes)
        self.dead += report.dead
        self.kept = settled >= 0

    def in_words(self, seconds: float) -> str:
        """For Flower."""
        words = f"{self.events} events of {self.lanes} lanes in {seconds * 1000:.0f} ms"
        if self.bundles > 1:
            words += f", {self.bundles} bundles"
        if self.dead:
            words += f", {self.dead} dead letters"
        return words if self.kept else f"{words}; lease was lost, the ledger keeps it once"


@shared_task(name=BUNDLE_TASK, acks_late=True, reject_on_worker_lost=True, ignore_result=True, max_retries=0)
def run_bundle(*, bundle: str, database: str = DIRECTORY, node: str = "", **_: Any) -> str:
    """Execute the bundle whose lease this worker holds, on its database. Returns the outcome in words, for Flower.

    node: the worker, when the next bundles may be leased for it without asking: under the same id, which it renews.
    """
    ran = Ran(node)
    ended = None
    while ended is None:
        ended = _run_next(bundle, database, ran)
    return ended


def _run_next(bundle: str, database: str, ran: Ran) -> str | None:
    """Returns how it ended, in words; None: the next one is leased."""
    try:
        executor = _executor(os.getpid(), database)  # first: what stops every bundle is not to be blamed on this one
    except DatabaseDown as error:
        return _give_back(bundle, error, blame=False)
    fetched = lanes().fetch(bundle)
    if fetched is None:
        return "lease lost"
    try:
        strangers = live_elsewhere(executor.connection, database, {lane.tenant for lane in fetched})
        if strangers:
            return _send_home(bundle, strangers)
        report = executor.execute(fetched)
    except (DatabaseDown, psycopg.OperationalError) as error:
        return _give_back(bundle, error, blame=_was_cut(executor.connection, database, error))
    goes_on = ran.goes_on()
    ran.count(report, _settle(bundle, report, number=ran.bundles, goes_on=goes_on))
    if goes_on and ran.kept and _lease_next(bundle, database, ran):
        return None
    return ran.in_words(time.perf_counter() - ran.began)


def _lease_next(bundle: str, database: str, ran: Ran) -> bool:
    """Whether there was a next one. A lease whose answer is lost is given back when the worker hears of the end."""
    try:
        leased = lanes().lease_next(bundle, ran.node, {database: True}, pass_on=True, number=ran.bundles)
    except BROKER_ERRORS as error:
        logger.warning("no further bundle is leased: %s", error)
        return False
    return leased is not None


def _give_back(bundle: str, error: Exception, *, blame: bool) -> str:
    lanes().release([bundle], blame=blame, wait=DATABASE_PAUSE_SECONDS, unreachable=not blame)
    return f"given back, {error}"


def _send_home(bundle: str, tenants: set[str]) -> str:
    """Redis has forgotten where these tenants live: here their events would meet neither leads nor campaigns."""
    control.restore()
    django.db.connection.close()
    lanes().release([bundle], blame=False, wait=DATABASE_PAUSE_SECONDS)
    return f"given back, {', '.join(sorted(tenants)[:5])} live on another database"


def _was_cut(connection: psycopg.Connection, database: str, error: Exception) -> bool:
    """Whether the connection was lost though the database answers: an event may have caused that."""
    _executors.pop((os.getpid(), database), None)
    if not connection.closed:
        connection.close()
        return False
    if isinstance(error.__cause__ or error, ServerSilent):
        return False  # it was asked a moment ago
    try:
        _executor(os.getpid(), database)
    except DatabaseDown:
        return False
    return True


def _settle(bundle: str, report: Report, *, number: int, goes_on: bool) -> int:
    settle = partial(
        lanes().settle, bundle, report.outcomes.values(), report.cost(), report.modes, report.strain,
        number=number, goes_on=goes_on,
    )  # fmt: skip
    for _ in range(SETTLE_TRIES - 1):
        try:
            return settle()
        except BROKER_ERRORS as error:
            logger.warning("settling is tried again: %s", error)
            time.sleep(SETTLE_PAUSE_SECONDS)
    return settle()


def _executor(pid: int, database: str) -> Executor:
    """This process's executor for a database, on its own connection, opened after the fork.

    Raises DatabaseDown and UnsafeRole.
    """
    executor = _executors.get((pid, database))
    if executor is None:
        executor = _executors[pid, database] = _make_executor(database)
    return executor


def _make_executor(database: str) -> Executor:
    settings = conf()
    if database not in settings.databases:
        raise DatabaseDown(f"FAIRLANE_DATABASES does not name {database!r} here")
    return Executor(
        _connect(settings.databases[database]),
        import_string(settings.handler),
        _run_task,
        tries_of=lanes().tries_of,
        max_attempts=settings.max_attempts,
        retry_seconds=settings.retry_seconds,
        breaker=_breaker(os.getpid()),
        push=_push,
        clock=clock.now,
    )


def _push(worker: psycopg.Connection, tenant: str, rows: Sequence[int]) -> None:
    """As outbox.push_written(). A process of the pool keeps no connection of Django's: rarely one is needed."""
    try:
        outbox.push_written(worker, tenant, rows)
    finally:
        django.db.connections.close_all()


def _idle_limit() -> str:
    """How long an open transaction may wait for this process: as long as a lease without its renewal.

    Who stands still longer has lost its lanes, and must not hold up whoever has them now. Between two statements
    there is only deciding for one bundle, which aims at a fraction of a second; a bundle that is cut off for it
    comes back in smaller parts, and an event that takes that long alone is buried as one that kills its process.
    """
    return f"{int(conf().lease_seconds * 1000)}ms"


@cache
def _breaker(_pid: int) -> Breaker:
    """This process's breaker: a fault of the release shows on every database."""
    return Breaker(conf().breaker_after, tell=_tell_breaker, others=_others_bury_nothing)


def _tell_breaker(words: str) -> None:
    try:
        lanes().tell_breaker(owner(), words)
    except BROKER_ERRORS as error:
        logger.warning("the broker was not told what is not buried: %s", error)


def _others_bury_nothing() -> bool:
    try:
        return bool(lanes().breakers().keys() - {owner()})
    except BROKER_ERRORS as error:
        logger.warning("the broker was not asked what others do not bury: %s", error)
        return False


def _connect(url: str) -> psycopg.Connection:
    """Raises DatabaseDown and UnsafeRole. Waits for another owner of the same events half a second at most."""
    try:
        connection = db.connect(url, "fairlane-worker")
        connection.autocommit = True
        connection.execute("SET lock_timeout = '500ms'")
        connection.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [_idle_limit()])
        connection.execute(LOOK_UPS)
    except psycopg.OperationalError as error:
        raise DatabaseDown(str(error)) from error
    try:
        db.refuse_superuser(connection, may_bypass_rls=True)
    except UnsafeRole:
        connection.close()
        raise
    return connection


def _run_task(event: Event) -> None:
    """Run an ordinary Celery task that came through a lane, in this process."""
    task = current_app.tasks[event.data["task"]]
    try:
        args, kwargs, _ = loads(event.data["body"])
        task.apply(args, kwargs, task_id=event.id, throw=True)
    except CeleryRetry as again:
        raise Retry(_seconds_until(again.when), str(again)) from again


def _seconds_until(when: datetime | float | None) -> float:
    """Celery's countdown or eta."""
    if isinstance(when, datetime):
        return (when - datetime.now(when.tzinfo)).total_seconds()
    return float(when or 0)
