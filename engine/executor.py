"""Executes a bundle: one transaction, exactly once, split when an event in it fails.

    fetch ─▶ claim in the ledger ─▶ handler ─▶ take out of the buffer ─▶ COMMIT ─▶ push what arose ─▶ settle

The lease in Redis only prevents waste. What makes an effect happen once is the ledger: its keys are
claimed as the first statement of the transaction that holds the effects.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import psycopg
from psycopg import errors as database_errors
from psycopg.pq import TransactionStatus

from engine import ledger, outbox, spill
from engine.answers import Mode
from engine.breaker import LEAST_PAUSE, Breaker
from engine.conf import BREAKER_AFTER
from engine.enqueue import TASK_TYPE
from engine.errors import DatabaseDown, HandlerFault, Retry
from engine.lanes import Cost, FetchedLane, LaneOutcome
from engine.lanework import LaneWork, lane_work
from engine.spill import Place, SpilledEvent
from engine.strain import Strain
from engine.types import Event, Handled, Unreadable

logger = logging.getLogger(__name__)

#: Another transaction is in the way; the event itself is not to blame.
CONTENTION = (
    database_errors.LockNotAvailable,
    database_errors.DeadlockDetected,
    database_errors.SerializationFailure,
)

#: Classes of SQLSTATE that say the database cannot be used now: nobody in the bundle is to blame.
DOWN_CLASSES = ("08", "53", "57P")


#: Dead letters of a lane in a bundle, with no success between them; what is left of the lane is leased again.
DEAD_IN_A_ROW = 2


class Handler(Protocol):
    """What to do with events; the seam to the campaigns."""

    def __call__(self, connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> Handled:
        """Write the effects of the events, in order, within the open transaction.

        Returns the seconds spent per tenant, and the events that arose for other leads: they are recorded in the same
        transaction and put into their lanes once it has committed. Raises engine.errors.Retry to be tried again
        later and anything else when one of the events cannot be executed: they are then tried in halves.
        """


@dataclass
class Report:
    """How a bundle ended: one outcome per lane, the cost per tenant."""

    outcomes: dict[tuple[str, int], LaneOutcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    own: dict[str, float] = field(default_factory=dict)  #: of them, those the handler spent on the tenant
    events: dict[str, int] = field(default_factory=dict)
    modes: list[Mode] = field(default_factory=list)  #: of the lanes that were looked for in the buffer
    strain: Strain = field(default_factory=Strain)
    sent: dict[str, list[int]] = field(default_factory=dict)  #: by tenant: rows of the outbox that were written
    dead: int = 0
    in_a_row: Counter[Place] = field(default_factory=Counter)  #: dead of a lane since its last event that succeeded

    def is_over(self, work: LaneWork) -> bool:
        """Whether no more of a lane is tried in this bundle: others shall say first whether everything fails."""
        place = work.tenant, work.lane
        return self.outcomes[place].wait is not None or self.in_a_row[place] >= DEAD_IN_A_ROW

    def cost(self) -> dict[str, Cost]:
        """What it cost, per tenant."""
        return {
            tenant: Cost(self.seconds.get(tenant, 0.0), count, self.own.get(tenant, 0.0))
            for tenant, count in self.events.items()
        }


class Executor:
    """Executes bundles on one connection. One per process; not thread-safe."""

    def __init__(
        self,
        connection: psycopg.Connection,
        handler: Handler,
        run_task: Callable[[Event], None],
        *,
        tries_of: Callable[[str, int, int], int] = lambda tenant, lane, number: 0,
        max_attempts: int,
        retry_seconds: float,
        breaker: Breaker | None = None,
        push: Callable[[psycopg.Connection, str, Sequence[int]], None] = outbox.push_written,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.connection = connection
        self.handler = handler
        self.run_task = run_task
        self.tries_of = tries_of
        self.max_attempts = max_attempts
        self.retry_seconds = retry_seconds
        self.breaker = breaker or Breaker(BREAKER_AFTER)
        self.push = push
        self.clock = clock

    def execute(self, lanes: Sequence[FetchedLane]) -> Report:
        """Do what can be done of a bundle. Raises DatabaseDown, after which nothing counts as done."""
        report = Report()
        for lane in lanes:
            report.outcomes[lane.tenant, lane.lane] = LaneOutcome(lane.tenant, lane.lane, 0)
            report.events[lane.tenant] = 0  # a tenant of whom nothing is found pays nothing
        try:
            works, short = self._read(lanes)
            ordinary = [work for work in works if _is_ordinary(work, self.max_attempts)]
            self._run(ordinary, report)
            together = set(map(id, ordinary))  # comparing lanes would compare their events
            for work in works:
                if id(work) not in together:
                    self._run_one_by_one(work, report)
            self._push_sent(report)
            report.modes = spill.close_drained(self.connection, short)
        except psycopg.Error as error:
            raise DatabaseDown(str(error)) from error
        return report

    def _read(self, lanes: Sequence[FetchedLane]) -> tuple[list[LaneWork], list[Place]]:
        """The lanes' events, also those in the buffer; and the lanes that may have none left there.

        Where events were spilled without asking Redis, the time of acceptance says which come first.
        """
        epochs = spill.blind_lanes(self.connection, [(lane.tenant, lane.lane) for lane in lanes if lane.events])
        epochs |= {(lane.tenant, lane.lane): lane.epoch for lane in lanes if lane.epoch is not None}
        wanted = [
            (lane.tenant, lane.lane, epochs[lane.tenant, lane.lane], lane.count)
            for lane in lanes
            if (lane.tenant, lane.lane) in epochs
        ]
        found = spill.next_events(self.connection, wanted)
        works = [self._work_of(lane, found.get((lane.tenant, lane.lane), [])) for lane in lanes]
        short = [(tenant, lane) for tenant, lane, _, count in wanted if len(found[tenant, lane]) < count]
        return [work for work in works if work.events], short

    def _work_of(self, lane: FetchedLane, buffered: Sequence[SpilledEvent]) -> LaneWork:
        """What is known of an event's tries is known of a lane's first; that of the buffer may be another now."""
        if lane.epoch is not None and lane.count == 1 and buffered:
            lane = replace(lane, tries=self.tries_of(lane.tenant, lane.lane, buffered[0].number))
        return lane_work(lane, buffered)

    def _run_one_by_one(self, work: LaneWork, report: Report) -> None:
        for position in range(len(work.events)):
            self._run([work.part(position, position + 1)], report)
            if report.is_over(work):
                return

    def _run(self, works: list[LaneWork], report: Report) -> None:
        """All in one transaction; when it fails, in halves until the culprit stands alone."""
        if not works:
            return
        started = time.perf_counter()
        try:
            if _is_single(works):
                self._single(works[0], report)
            else:
                self._together(works, report, started)
        except Exception as error:
            if self._is_down(error):
                raise
            _charge(report, works, {}, time.perf_counter() - started)
            report.strain.feel(error, [(work.tenant, work.lane) for work in works])
            self._split(works, error, report)

    def _is_down(self, error: Exception) -> bool:
        state = getattr(error, "sqlstate", None) or ""
        return isinstance(error, psycopg.Error) and (self.connection.closed or state.startswith(DOWN_CLASSES))

    def _together(self, works: list[LaneWork], report: Report, started: float) -> None:
        events = [event for work in works for event in work.events if isinstance(event, Event)]
        with self.connection.transaction():
            todo = ledger.claim(self.connection, events)
            handled = self.handler(self.connection, todo, self.clock()) if todo else Handled({})
            self._refuse_aborted()
            written = outbox.write(self.connection, handled.sent) if handled.sent else {}
            spill.remove(self.connection, [row for work in works for row in work.spilled()])
        for tenant, rows in written.items():
            report.sent.setdefault(tenant, []).extend(rows)
        _charge(
            report, works, handled.seconds, time.perf_counter() - started
        )  # first: a bad answer must not count twice
        if todo:
            self.breaker.succeeded({event.tenant for event in todo})
        for work in works:
            report.in_a_row.pop((work.tenant, work.lane), None)
            _count_done(report, work)

    def _push_sent(self, report: Report) -> None:
        """Put what arose for other leads into their lanes. Whoever dies before leaves it to the outbox's sweeper."""
        for tenant, rows in report.sent.items():
            started = time.perf_counter()
            self.push(self.connection, tenant, rows)
            report.seconds[tenant] = report.seconds.get(tenant, 0.0) + time.perf_counter() - started

    def _refuse_aborted(self) -> None:
        """After an error that the handler swallowed, COMMIT would succeed and keep nothing."""
        if self.connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise HandlerFault("it did not leave its transaction ready to commit")

    def _single(self, work: LaneWork, report: Report) -> None:
        event = work.events[0]
        started = time.perf_counter()
        if isinstance(event, Unreadable):
            self._bury(work, event.error, report, work.tries)
        elif work.tries >= self.max_attempts:
            self._bury(work, f"its process died, or it failed, {work.tries} times", report, work.tries)
        elif event.type == TASK_TYPE:
            self._task(event, work)
            self.breaker.succeeded([work.tenant])
            _count_done(report, work)
        else:
            self._together([work], report, started)
            return
        elapsed = time.perf_counter() - started
        _charge(report, [work], {work.tenant: elapsed}, elapsed)

    def _task(self, event: Event, work: LaneWork) -> None:
        """An ordinary Celery task in a lane: at least once, recorded in the ledger after it ran."""
        with self.connection.transaction():
            done = ledger.is_done(self.connection, event)
        if not done:
            self.run_task(event)
        with self.connection.transaction():
            ledger.claim(self.connection, [event])
            spill.remove(self.connection, work.spilled())

    def _split(self, works: list[LaneWork], error: Exception, report: Report) -> None:
        if _is_single(works):
            self._failed(works[0], error, report)
            return
        if len(works) == 1 and isinstance(error, CONTENTION):
            self._wait(works[0], report, self.retry_seconds, tried=False)
            return
        logger.info("a bundle of %d lanes is split: %s", len(works), error)
        for half in _halves(works):
            self._run([work for work in half if not report.is_over(work)], report)

    def _failed(self, work: LaneWork, error: Exception, report: Report) -> None:
        """The culprit stands alone: try again later, or park it."""
        again = work.tries + 1 < self.max_attempts
        if isinstance(error, CONTENTION):
            self._wait(work, report, self.retry_seconds, tried=False)
        elif isinstance(error, Retry) and again:
            self._wait(work, report, error.delay, tried=True)
        elif isinstance(error, database_errors.QueryCanceled) and again:
            self._wait(work, report, self.retry_seconds, tried=True)
        elif (pause := self.breaker.failed(work.tenant, work.lane, error)) is not None:
            self._wait(work, report, pause, tried=False, innocent=True)
        else:
            logger.warning("an event of tenant %s is a dead letter: %r", work.tenant, error)
            self._bury(work, f"{type(error).__name__}: {error}", report, work.tries + 1)
            report.in_a_row[work.tenant, work.lane] += 1
            if report.is_over(work):  # at once it would come back, to this process, before any other lane does
                self._wait(work, report, LEAST_PAUSE, tried=False, innocent=True)

    def _wait(self, work: LaneWork, report: Report, seconds: float, *, tried: bool, innocent: bool = False) -> None:
        outcome = report.outcomes[work.tenant, work.lane]
        waiting = replace(outcome, wait=seconds, tried=tried, innocent=innocent)
        report.outcomes[work.tenant, work.lane] = waiting

    def _bury(self, work: LaneWork, error: str, report: Report, attempts: int) -> None:
        event = work.events[0]
        with self.connection.transaction():
            if isinstance(event, Event) and not ledger.claim(self.connection, [event]):
                logger.info("event %s was done before it could be parked", event.id)
            else:
                ledger.bury(self.connection, work.tenant, work.lane, event, work.raw[0], error, attempts)
                report.dead += 1
            spill.remove(self.connection, work.spilled())
        _count_done(report, work)


def _is_ordinary(work: LaneWork, max_attempts: int) -> bool:
    """Whether a lane can go with others; else its events are run one by one."""
    return work.tries < max_attempts and all(
        isinstance(event, Event) and event.type != TASK_TYPE for event in work.events
    )


def _is_single(works: Sequence[LaneWork]) -> bool:
    return len(works) == 1 and len(works[0].events) == 1


def _halves(works: list[LaneWork]) -> Iterable[list[LaneWork]]:
    """Lanes in halves, and a single lane's events in halves, in order."""
    if len(works) > 1:
        middle = len(works) // 2
        return works[:middle], works[middle:]
    (work,) = works
    middle = len(work.events) // 2
    return [work.part(0, middle)], [work.part(middle, len(work.events))]


def _count_done(report: Report, work: LaneWork) -> None:
    outcome = report.outcomes[work.tenant, work.lane]
    done, spilled = outcome.done + len(work.events), outcome.spilled + len(work.spilled())
    report.outcomes[work.tenant, work.lane] = replace(outcome, done=done, spilled=spilled)


def _charge(report: Report, works: Sequence[LaneWork], own: Mapping[str, float], elapsed: float) -> None:
    """Each tenant pays its handler's own time, and its share of the rest by events."""
    counts: dict[str, int] = {}
    for work in works:
        counts[work.tenant] = counts.get(work.tenant, 0) + len(work.events)
    each = max(0.0, elapsed - sum(own.values())) / sum(counts.values())
    for tenant, count in counts.items():
        report.events[tenant] = report.events.get(tenant, 0) + count
        report.seconds[tenant] = report.seconds.get(tenant, 0.0) + own.get(tenant, 0.0) + each * count
        report.own[tenant] = report.own.get(tenant, 0.0) + own.get(tenant, 0.0)
