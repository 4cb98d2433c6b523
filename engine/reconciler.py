"""Checks that what is in Redis obeys its invariants, repairs what does not, and counts it: normally nothing.

A script is atomic, so the invariants hold exactly between two of them, and what a part of the check finds is no
passing state. Only modes of lanes are kept in two servers: they disagree for a moment at each change, so a difference
counts when both sides have stood still for a whole pass. One process does this, a slice at a time: whoever looks after
the directory for all of Redis, and for each other database whoever looks after that, for the modes of its lanes.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import psycopg

from engine import spill
from engine.answers import Glance, Mode
from engine.lanes import Lanes, lanes
from engine.placement import DIRECTORY, live_elsewhere
from engine.spill import Place

logger = logging.getLogger(__name__)

#: From the begin of one pass to that of the next.
PASS_SECONDS = 10.0

#: Of each second; with 100,000 tenants in work a pass takes several slices.
SLICE_SECONDS = 0.1

#: A process that was silent this long is replaced.
LEAD_SECONDS = 15.0

#: Keys, or members of a set, looked at in one call: it blocks Redis while it runs.
AT_ONCE = 64

#: Lanes whose mode is compared at once, and most differences that are remembered from one pass to the next.
MODES_AT_ONCE, MOST_DOUBTS = 500, 10_000

#: What is walked through; the depths last, when every lane is where it belongs.
WALKS = ("keys", "bundles", "later", "limited", "suspects", "narrow", "attempts", "tried", "urgent", "depth")

#: How Redis and PostgreSQL see one lane.
Doubt = tuple[Mode, Mode]


class Reconciler:
    """Passes over one broker shard, with one database. Not thread-safe."""

    def __init__(
        self,
        shard: Lanes,
        process: str,
        database: str = DIRECTORY,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lanes = shard
        self.process = process
        self.database = database
        self.clock = clock
        self.found: Counter[str] = Counter()  #: invariant -> times, in this pass or the last one
        self._first: dict[str, str] = {}
        self._doubts: dict[Place, Doubt] = {}
        self._pass: Iterator[None] | None = None
        self._due = clock()

    def run_slice(self, worker: psycopg.Connection) -> None:
        """Go on with a pass, or begin one that is due, where no other process does.

        Takes a connection of the worker role in autocommit. Raises what the servers raise; then the pass begins anew.
        """
        if not self.lanes.lead(self.database, self.process, LEAD_SECONDS):
            self._pass, self._doubts = None, {}  # what was seen long ago proves nothing
            return
        until = self.clock() + SLICE_SECONDS
        if self._pass is None and self.clock() >= self._due:
            self._begin(worker)
        while self._pass is not None and self.clock() < until:
            self._go_on()

    def run_pass(self, worker: psycopg.Connection) -> Counter[str]:
        """A whole pass, whoever leads. Returns how often each invariant was broken."""
        self._begin(worker)
        while self._pass is not None:
            self._go_on()
        return self.found

    def _begin(self, worker: psycopg.Connection) -> None:
        self._due = self.clock() + PASS_SECONDS
        self.found, self._first = Counter(), {}
        self._pass = self._steps(worker)

    def _go_on(self) -> None:
        assert self._pass is not None
        ended = True
        try:
            ended = next(self._pass, self) is self
        finally:
            if ended:
                self._pass = None
                self._tell()

    def _tell(self) -> None:
        if self.found:
            each = ", ".join(f"{kind} {times} ({self._first[kind]})" for kind, times in sorted(self.found.items()))
            logger.warning("the lanes were not as they must be and were repaired: %s", each)

    def _steps(self, worker: psycopg.Connection) -> Iterator[None]:
        for what in WALKS if self.database == DIRECTORY else ():
            yield from self._walk(what, "")
        yield from self._compare_modes(worker)

    def _walk(self, what: str, of: str) -> Iterator[None]:
        """Look through one thing, then through what turned up in it."""
        more: dict[tuple[str, str], None] = {}  # what is met twice is looked through once
        cursor = ""
        while cursor != "0":
            glance = self.lanes.reconcile(what, of, cursor or "0", AT_ONCE)
            self._note(glance)
            more |= dict.fromkeys(glance.more)
            cursor = glance.cursor
            yield
        for each in sorted(more, key=_sums_last):
            yield from self._walk(*each)

    def _note(self, glance: Glance) -> None:
        self.found.update(glance.found)
        self._first = glance.first | self._first

    # -- modes

    def _compare_modes(self, worker: psycopg.Connection) -> Iterator[None]:
        """Those who disagree as they did a pass ago are made to agree; PostgreSQL is right."""
        doubts: dict[Place, Doubt] = {}
        for rows in spill.all_modes(worker, MODES_AT_ONCE):
            doubts |= _differences(self.lanes.modes_of([row[:2] for row in rows]), {row[:2]: row for row in rows})
            yield
        for known in self.lanes.modes_known(self.database, MODES_AT_ONCE):
            strangers = live_elsewhere(worker, self.database, {mode[0] for mode in known})
            places = [mode[:2] for mode in known if mode[0] not in strangers]
            doubts |= _differences_of(worker, self.lanes, places)
            yield
        lasting = [doubt for place, doubt in doubts.items() if self._doubts.get(place) == doubt]
        self._doubts = dict(list(doubts.items())[:MOST_DOUBTS])
        self._settle_doubts(lasting)

    def _settle_doubts(self, lasting: list[Doubt]) -> None:
        """A Redis that knows nothing of a lane has lost its memory: it is told, as it is told shares."""
        self.lanes.tell_modes([stored for known, stored in lasting if _rank(known) == 0])
        wrong = [(stored, known) for known, stored in lasting if _rank(known) > 0]
        if changed := self.lanes.agree(wrong):
            self.found["modes"] += changed
            self._first.setdefault("modes", "{}|{}".format(*wrong[0][0]))


def _sums_last(thing: tuple[str, str]) -> bool:
    """A sum is right when every lane is where it belongs."""
    return thing[0] == "sum"


def _differences_of(worker: psycopg.Connection, shard: Lanes, places: list[Place]) -> dict[Place, Doubt]:
    stored = spill.modes_of(worker, places)
    return _differences(shard.modes_of(places), stored)


def _differences(known: list[Mode], stored: dict[Place, Mode]) -> dict[Place, Doubt]:
    """Lanes whose mode in Redis cannot come from that in PostgreSQL, which was read first."""
    pairs = [(mode, stored.get(mode[:2], (*mode[:2], False, 0))) for mode in known]
    return {known[:2]: (known, stored) for known, stored in pairs if not _agree(known, stored)}


def _agree(known: Mode, stored: Mode) -> bool:
    """Whether a lane may stay like this: the same, or spilling in Redis.

    Redis moves a lane to spill mode first. It lags behind there when the one who emptied the lane died before
    it told: the next one who leases the lane does.
    """
    return _rank(known) == _rank(stored) or (known[2] and _rank(known) <= _rank(stored) + 1)


def _rank(mode: Mode) -> int:
    """A lane goes direct 0, spill 0, direct 1, spill 1 and so on."""
    return 2 * mode[3] + mode[2]


@cache
def of_process(database: str) -> Reconciler:
    """This process's reconciler for a database."""
    return Reconciler(lanes(), f"{socket.gethostname()}:{os.getpid()}", database)
