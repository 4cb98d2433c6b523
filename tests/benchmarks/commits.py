"""When each transaction could be seen by others: the end of its commit, flush included, as a stranger sees it.

PostgreSQL's own commit timestamps are taken before the flush, and need a setting that production does not have.
"""

from __future__ import annotations

import multiprocessing
from bisect import bisect_left
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from engine.sql import load
from tests.benchmarks import world

SQL = load("tests.benchmarks", "latency.sql")
EVERY_SECONDS = 0.004  #: from one glance to the next, so no moment is later than the truth by much more

#: Has the addresses from its parent; shares no interpreter with those whose waits are measured.
_fork = multiprocessing.get_context("fork")


class Glance(NamedTuple):
    """What could be seen at a moment."""

    at: float  #: seconds since 1970, by the server's clock
    end: int  #: transactions from here on had not begun
    running: frozenset[int]

    def shows(self, transaction: int) -> bool:
        """Whether it was over."""
        return transaction < self.end and transaction not in self.running


def glance(at: float, snapshot: str) -> Glance:
    """From PostgreSQL's words: first running, first not begun, those running."""
    _, end, running = snapshot.split(":")
    return Glance(at, int(end), frozenset(map(int, running.split(",") if running else ())))


def seen_at(glances: Sequence[Glance], transaction: int) -> float:
    """When it was seen first. Raises LookupError if it never was."""
    place = bisect_left(glances, True, key=lambda one: one.shows(transaction))
    if place == len(glances):
        raise LookupError(f"transaction {transaction} was not over when the watch ended")
    return glances[place].at


class Watch:
    """Looks from a process of its own while the block runs; then `glances` has what it saw, in order."""

    def __init__(self) -> None:
        self.glances: list[Glance] = []
        self._pipe, self._theirs = _fork.Pipe()
        self._process = _fork.Process(target=_look, args=(self._theirs,), daemon=True)

    def __enter__(self) -> Watch:
        self._process.start()
        self._theirs.close()  # so that its end is noticed
        self._pipe.recv()  # it looks
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send(None)
        self.glances = [glance(at, snapshot) for at, snapshot in self._pipe.recv()]
        self._process.join()


def _look(pipe: Connection) -> None:
    rows = []
    with world.worker_connection() as connection:
        pipe.send(None)
        while not pipe.poll(EVERY_SECONDS):
            rows.append(connection.execute(SQL["select_snapshot"]).fetchone())
        rows.append(connection.execute(SQL["select_snapshot"]).fetchone())
    pipe.send(rows)
