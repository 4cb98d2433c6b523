"""The whole path: accept to settle, through Valkey and a Celery worker of two pool processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from engine import enqueue
from engine.lanes import lanes
from engine.types import Event
from tests.benchmarks.world import SEED, memory_mb, worker_connection


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    per_second: float  #: events
    main_mb: float  #: the node's main process
    child_mb: float  #: each pool process


@contextmanager
def worker(app: str, *options: str, processes: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker node with a prefork pool."""
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", str(processes), "-l", "WARNING"]
    command += ["--without-gossip", "--without-mingle", *options]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _result(per_second: float, process: subprocess.Popen[bytes]) -> Result:
    """With the memory of the node's processes right after the work."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return Result(per_second, memory_mb(process.pid), mean(memory_mb(int(child)) for child in children))


def wait_for(counted: object, expected: int, seconds: float = 180.0) -> None:
    """Poll until counted() has reached expected. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while counted() < expected:  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError(f"{counted()} of {expected} after {seconds} s")  # type: ignore[operator]
        time.sleep(0.02)


def counter(query: str) -> object:
    """How many rows there are, as a function."""
    connection = worker_connection()
    return lambda: connection.execute(SEED[query]).fetchone()[0]


def run(events: list[Event], warm: list[Event]) -> Result:
    """Accept all events while a node works, until the last lane is settled."""
    with worker("engine") as process:
        done = counter("count_done")
        enqueue.push(warm)
        wait_for(done, len(warm))
        started = time.perf_counter()
        enqueue.push(events)
        wait_for(lambda: -lanes().look(0)["total"], 0)
        seconds = time.perf_counter() - started
        wait_for(done, len(events) + len(warm), 1)
        return _result(len(events) / seconds, process)


def run_stock(events: list[Event], warm: list[Event]) -> Result:
    """The same events through stock Celery; a third of its tasks are an event."""
    from tests.benchmarks import stock  # noqa: PLC0415  needs the broker's address in the environment

    with worker("tests.benchmarks.stock", "-Q", "stock") as process:
        done = counter("count_activities")
        first = stock.enqueue(warm)
        wait_for(done, first)
        started = time.perf_counter()
        tasks = stock.enqueue(events)
        wait_for(done, first + tasks)
        seconds = time.perf_counter() - started
        return _result(len(events) / seconds, process)
