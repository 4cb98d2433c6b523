"""The case that started this: a steady load, a burst of ten times as much, and how both end.

The real path from acceptance to settle: `campaigns.ingest.accept` in this process (without HTTP), Valkey, `manage.py
maintain`, and a Celery node of two pool processes on PostgreSQL. Run as a module it makes its own durable servers.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import psycopg
from rich.console import Console
from rich.table import Table

from engine import figures
from engine.lanes import lanes
from engine.sql import load
from tests.benchmarks import path, world
from tests.benchmarks.sender import Sender

SQL = load("tests.benchmarks", "back_pressure.sql")

TENANTS = 12


@dataclass(frozen=True)
class Load:
    """What is sent. The defaults are 65,000 events a minute, and a burst of ten times that for a minute."""

    rate: float = 65_000 / 60  #: events a second
    times: float = 10.0  #: the burst's rate, in those
    seconds: float = 60.0  #: of steady load, then of the burst
    after: float = 15.0  #: seconds of steady load once all has drained
    lane_limit: int = 1_000  #: most events of a lane in Redis
    drain_limit: float = 900.0  #: seconds to wait for that
    stall: float = (
        0.0  #: seconds that the node stands still when the burst begins, so that a quick one falls behind too
    )


@dataclass
class Phase:
    """What was counted while a part of the load was sent."""

    name: str
    began: datetime
    ended: datetime
    sent: int
    direct: int
    spilled: int
    rows: int  #: written to the tables of queues
    transactions: int  #: that wrote them
    done: int
    memory: int  #: most bytes of Redis
    depth: int  #: most events in Redis
    p50: float = 0.0  #: seconds from acceptance to execution
    p99: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.began).total_seconds()

    @property
    def share_direct(self) -> float:
        """Of the events that were accepted."""
        return self.direct / max(1, self.direct + self.spilled)

    def per_minute(self, count: int) -> float:
        """A count of it as a rate."""
        return count * 60 / self.seconds


@dataclass
class Result:
    """The phases, and what was found in the end."""

    phases: dict[str, Phase]
    sent: int
    done: int
    twice: int
    out_of_order: int
    load_average: float

    @property
    def faults(self) -> dict[str, int]:
        """Empty when every event was executed once and in order."""
        found = {"lost": self.sent - self.done + self.twice, "twice": self.twice, "out of order": self.out_of_order}
        return {name: count for name, count in found.items() if count}


class Watch:
    """Looks at Redis four times a second for the peaks."""

    def __init__(self) -> None:
        self.memory = self.depth = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def take(self) -> tuple[int, int]:
        """The peaks since the last call."""
        peaks, self.memory, self.depth = (self.memory, self.depth), 0, 0
        return peaks

    def _look(self) -> None:
        while not self._ended.wait(0.25):
            self.memory = max(self.memory, lanes().memory()[0])
            self.depth = max(self.depth, int(sum(row["waiting"] for row in lanes().look(TENANTS)["tenants"])))


@contextmanager
def maintenance() -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py maintain`."""
    process = subprocess.Popen([sys.executable, "manage.py", "maintain"], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def standing_still(node: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """All processes of a node, from now on for a time."""
    if not seconds:
        yield
        return
    os.killpg(node.pid, signal.SIGSTOP)
    timer = threading.Timer(seconds, os.killpg, (node.pid, signal.SIGCONT))
    timer.start()
    yield
    timer.join()


@dataclass
class Stage:
    """A node that is warm, and what is counted of it."""

    sender: Sender
    node: subprocess.Popen[bytes]
    maintain: subprocess.Popen[bytes]
    worker: psycopg.Connection
    phases: Measured
    done: Callable[[], int]

    def finish(self) -> Result:
        """Wait until all that was sent is done, and look what became of it."""
        path.wait_for(self.done, self.sender.sent, 60)
        return _result(self.worker, self.phases.found, self.sender.sent)


@contextmanager
def stage(load: Load) -> Iterator[Stage]:
    """An empty database, a node that has executed the load for two seconds, and maintenance."""
    tenants = world.names(TENANTS)
    world.reset(tenants)
    lanes().settings = replace(lanes().settings, lane_limit=load.lane_limit)
    sender = Sender(tenants)
    with (
        path.worker("engine") as node,
        maintenance() as maintain,
        world.worker_connection() as worker,
        Watch() as watch,
    ):
        done = partial(_count, worker)
        sender.run(load.rate, lambda seconds: seconds < 2)
        path.wait_for(done, sender.sent, 60)
        world.analyze()
        yield Stage(sender, node, maintain, worker, Measured(worker, watch, sender, done), done)


def run(load: Load, say: Callable[[str], None] = lambda text: None) -> Result:
    """Send the load through a node that is ready, wait until all is done, and look what became of it."""
    with stage(load) as on:
        say("warm")
        sender, phases = on.sender, on.phases
        with phases.of("steady"):
            sender.run(load.rate, lambda seconds: seconds < load.seconds)
        say("steady load sent")
        with phases.of("burst"), standing_still(on.node, load.stall):
            sender.run(load.rate * load.times, lambda seconds: seconds < load.seconds)
        say("burst sent")
        with phases.of("drain"):
            sender.run(load.rate, lambda seconds: not _is_drained() and seconds < load.drain_limit)
        say("drained")
        with phases.of("after"):
            sender.run(load.rate, lambda seconds: seconds < load.after)
        return on.finish()


def _count(worker: psycopg.Connection) -> int:
    """Events that were executed."""
    (count,) = worker.execute(world.SEED["count_done"]).fetchone() or (0,)
    return int(count)


def _is_drained() -> bool:
    """No lane is in spill mode, and in Redis there is no more than a steady load has."""
    if lanes().figures(["default"]).spilling:
        return False
    return sum(row["waiting"] for row in lanes().look(TENANTS)["tenants"]) < 500


class Measured:
    """Counts by phase."""

    def __init__(self, worker: psycopg.Connection, watch: Watch, sender: Sender, done: Callable[[], int]) -> None:
        self.worker, self.watch, self.sender, self.done = worker, watch, sender, done
        self.found: dict[str, Phase] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """What happens inside is this phase."""
        self.watch.take()
        before, began = self._counts(), datetime.now(UTC)
        yield
        ended, after = datetime.now(UTC), self._counts()
        grown = {key: after[key] - before[key] for key in after}
        memory, depth = self.watch.take()
        self.found[name] = Phase(name, began, ended, memory=memory, depth=depth, **grown)

    def _counts(self) -> dict[str, int]:
        figures.note(self.worker)
        now = figures.gather()
        return {
            "sent": self.sender.sent, "direct": now.direct, "spilled": now.spilled, "rows": now.queue_rows,
            "transactions": now.queue_transactions, "done": self.done(),
        }  # fmt: skip


def _result(worker: psycopg.Connection, phases: dict[str, Phase], sent: int) -> Result:
    for phase in phases.values():
        row = worker.execute(SQL["select_waits"], [phase.began, phase.ended]).fetchone()
        phase.p50, phase.p99 = map(float, row or (0, 0))
    done, twice, out_of_order = worker.execute(SQL["select_faults"]).fetchone() or (0, 0, 0)
    return Result(phases, sent, done, twice, out_of_order, os.getloadavg()[0])


def table(result: Result) -> Table:
    """The phases side by side."""
    made = Table(
        title=f"back pressure; {os.cpu_count()} cores with all servers, load average {result.load_average:.1f}"
    )
    made.add_column("")
    rows: dict[str, Callable[[Phase], str]] = {
        "seconds": lambda phase: f"{phase.seconds:.0f}",
        "events accepted": lambda phase: f"{phase.sent:,}",
        "accepted a second": lambda phase: f"{phase.sent / phase.seconds:,.0f}",
        "executed a second": lambda phase: f"{phase.done / phase.seconds:,.0f}",
        "went direct": lambda phase: f"{phase.share_direct:.1%}",
        "events spilled": lambda phase: f"{phase.spilled:,}",
        "queue rows a minute": lambda phase: f"{phase.per_minute(phase.rows):,.0f}",
        "queue transactions a minute": lambda phase: f"{phase.per_minute(phase.transactions):,.0f}",
        "peak memory of Valkey, MB": lambda phase: f"{phase.memory / 2**20:.0f}",
        "peak events in Valkey": lambda phase: f"{phase.depth:,}",
        "wait p50, s": lambda phase: f"{phase.p50:.2f}",
        "wait p99, s": lambda phase: f"{phase.p99:.2f}",
    }
    for phase in result.phases.values():
        made.add_column(phase.name, justify="right")
    for name, value in rows.items():
        made.add_row(name, *(value(phase) for phase in result.phases.values()))
    said = ", ".join(f"{count:,} {name}" for name, count in result.faults.items())
    made.caption = f"{result.sent:,} events, {said or 'each executed once and in order'}"
    return made


def main() -> None:
    """Measure and print; exit code 1 when something was lost, doubled or out of order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=Load.seconds, help="of each of the two loads")
    parser.add_argument("--rate", type=float, default=Load.rate, help="events a second")
    parser.add_argument("--times", type=float, default=Load.times, help="the burst, in those")
    parser.add_argument("--lane-limit", type=int, default=Load.lane_limit)
    given = parser.parse_args()
    load = Load(rate=given.rate, times=given.times, seconds=given.seconds, lane_limit=given.lane_limit)
    with world.servers():
        result = run(load, lambda text: print(f"{datetime.now():%H:%M:%S} {text}", file=sys.stderr))
    Console(width=max(100, Console().width)).print(table(result))
    sys.exit(bool(result.faults))


if __name__ == "__main__":
    main()
