"""A sender: takes what is due, tries it in threads, settles what came of it. Any number of these may run at once."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

import django.db
import psycopg

from campaigns.channels import CHANNELS
from campaigns.sender.claims import Claimed, Line, claim, due_lines, forbidden, settle
from campaigns.sender.conf import DeliveryConf
from campaigns.sender.deadline import Deadline
from campaigns.sender.destinations import LINE_SHARE, SHARED, TENANT_SHARE, Health, choose
from campaigns.sender.results import Rejected, Result, Retry, Sent
from engine import db
from engine.control import paused_of
from engine.errors import EngineError

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25  #: from one look to the next while nothing is due
REST_SECONDS = 1.0  #: after a database failed
LINES = 1_000  #: looked at in one go, those after the last one served first

PASSING_ERRORS = (psycopg.Error, django.db.Error, EngineError)


class Sender:
    """Of one database. What it claimed is in work at once, so no claim waits for a slot."""

    def __init__(self, database: str, conf: DeliveryConf, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.database = database
        self.conf = conf
        self.clock = clock
        self.health = Health(conf.pause_seconds)
        self.in_work: Counter[Line] = Counter()
        self.held_until: dict[tuple[str, int], float] = {}  #: by claim, of what is in work
        self.done: SimpleQueue[tuple[Claimed, Result]] = SimpleQueue()
        self.unsettled: list[tuple[Claimed, Result]] = []
        self.last = Line("", "")  #: served
        self._pool = ThreadPoolExecutor(conf.slots, thread_name_prefix="deliver")
        self._worker: psycopg.Connection | None = None

    def run(self, stop: threading.Event) -> None:
        """Until it is told to stop; then what is in work is finished."""
        try:
            while not stop.is_set():
                self._turn_or_rest(stop)
            self.finish()
        finally:
            django.db.connections.close_all()  # of this thread

    def _turn_or_rest(self, stop: threading.Event) -> None:
        try:
            if not self.turn():
                self.await_result(POLL_SECONDS)
        except PASSING_ERRORS as error:
            logger.warning("deliveries of %s rest for a moment: %s", self.database, error)
            stop.wait(REST_SECONDS)

    def run_once(self) -> int:
        """Send what is due now, and what becomes due meanwhile. Returns how many tries that took."""
        tries = 0
        while (begun := self.turn()) or self.in_work:
            tries += begun
            if not begun:
                self.await_result(POLL_SECONDS)
        return tries

    def turn(self) -> int:
        """Settle what came back, begin what there is room for. Returns how many began. Raises PASSING_ERRORS."""
        self.settle_done()
        free = self.conf.slots - self.in_work.total()
        begun = self.claim_due() if free > 0 else []
        self.begin(begun)
        return len(begun)

    def claim_due(self) -> list[Claimed]:
        """Hold what is to be sent next; of a tenant that is paused, nothing. Raises PASSING_ERRORS."""
        worker = self._connection()
        due = due_lines(worker, self.last, LINES)
        resting = paused_of({line.tenant for line in due}) if due else set()
        lines = [line for line in due if line.tenant not in resting and self._can_send(line)]
        chosen = choose(lines, self.in_work, self._room, self.conf.slots)
        if not chosen:
            return []
        self.last = max(chosen, key=lines.index)
        return claim(worker, chosen, self.conf.hold_seconds)

    def _can_send(self, line: Line) -> bool:
        """Mails wait until there is a relay."""
        return bool(self.conf.smtp_url) or line.destination not in SHARED

    def _room(self, line: Line, in_work: Mapping[Line, int]) -> int:
        share = TENANT_SHARE if line.destination in SHARED else LINE_SHARE
        return self.health.room(line, in_work, max(1, int(self.conf.slots * share)), self.clock())

    def begin(self, claimed: list[Claimed]) -> None:
        """Try each in a thread, but for what a rule forbids by now. Raises psycopg.Error."""
        for one in claimed:
            self.in_work[one.line] += 1
            self.held_until[one.claim] = self.clock() + self.conf.hold_seconds
        try:
            reasons = forbidden(self._connection(), claimed, datetime.now(UTC)) if claimed else {}
        except psycopg.Error:
            for one in claimed:  # the claim runs out, or is settled as not tried
                self.done.put((one, Retry("internal", "the rules could not be asked", spares=False)))
            raise
        for one in claimed:
            if one.id in reasons:
                self.done.put((one, reasons[one.id]))
            else:
                self._pool.submit(self._work, one)

    def _work(self, one: Claimed) -> None:
        self.done.put((one, deliver(one, self.conf)))

    def await_result(self, seconds: float) -> None:
        """Sleep until something comes back, at most so long."""
        try:
            self.unsettled.append(self.done.get(timeout=seconds))
        except Empty:
            return

    def settle_done(self) -> None:
        """Write what came of deliveries. What cannot be written is kept, holds its slot, and is written later."""
        while not self.done.empty():
            self.unsettled.append(self.done.get())
        by_tenant: dict[str, list[tuple[Claimed, Result]]] = {}
        for one, result in self.unsettled:
            by_tenant.setdefault(one.tenant, []).append((one, result))
        self.unsettled = []
        failures = [error for tenant, results in by_tenant.items() if (error := self._settle(tenant, results))]
        if failures:
            raise failures[0]

    def _settle(self, tenant: str, results: list[tuple[Claimed, Result]]) -> Exception | None:
        django.db.close_old_connections()
        try:
            settle(tenant, results, datetime.now(UTC))
        except PASSING_ERRORS as error:
            django.db.connections.close_all()
            for one, result in results:
                self._keep(one, result)
            return error
        for one, result in results:
            self._note(one, result)
        return None

    def _keep(self, one: Claimed, result: Result) -> None:
        """For the next time, unless the claim has run out: then another sender tries it again."""
        if self.clock() < self.held_until[one.claim]:
            self.unsettled.append((one, result))
        else:
            logger.error("what came of delivery %s of tenant %s could not be written: %s", one.key, one.tenant, result)
            self._note(one, result)

    def _note(self, one: Claimed, result: Result) -> None:
        del self.held_until[one.claim]
        self.in_work[one.line] -= 1
        if not self.in_work[one.line]:
            del self.in_work[one.line]
        if isinstance(result, Retry) and result.spares:
            self.health.failed(one.line, self.clock(), result.after)
        elif isinstance(result, Sent | Rejected):
            self.health.worked(one.line)

    def finish(self) -> None:
        """Wait for what is in work, no longer than a claim lasts, and settle it."""
        ends = self.clock() + self.conf.hold_seconds
        while self.in_work and self.clock() < ends:
            try:
                self.await_result(POLL_SECONDS)
                self.settle_done()
            except PASSING_ERRORS:
                time.sleep(REST_SECONDS)

    def _connection(self) -> psycopg.Connection:
        """The worker's connection, in autocommit: no transaction is open while something is sent."""
        if self._worker is None or self._worker.closed:
            self._worker = db.connect_worker(self.database, "fairlane-sender")
        return self._worker

    def close(self) -> None:
        """Give up the connection and the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._worker is not None:
            self._worker.close()


def deliver(one: Claimed, conf: DeliveryConf) -> Result:
    """One try, within its deadline. Never raises."""
    send = CHANNELS.get(one.channel)
    if send is None:
        return Retry("internal", f"this sender knows no channel {one.channel}", spares=False)
    seconds = min(conf.seconds, one.body.get("timeout", conf.seconds))
    try:
        with Deadline(seconds, min(conf.connect_seconds, seconds)) as deadline:
            return send(one, deadline, conf)
    except Exception as error:
        logger.exception("delivery %s of tenant %s", one.key, one.tenant)
        return Retry("internal", repr(error), spares=False)


def run_all(databases: Sequence[str], conf: DeliveryConf, stop: threading.Event) -> None:
    """A sender for each database, in a thread of its own; the first that ends by an error nobody foresaw ends all."""
    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    for database in databases:
        threading.Thread(target=_run, args=(database, conf, stop, ended), daemon=True).start()
    for _ in databases:
        error = ended.get()
        if error is not None:
            raise error


def _run(database: str, conf: DeliveryConf, stop: threading.Event, ended: SimpleQueue[BaseException | None]) -> None:
    sender = Sender(database, conf)
    try:
        sender.run(stop)
        ended.put(None)
    except BaseException as error:
        ended.put(error)
    finally:
        sender.close()
