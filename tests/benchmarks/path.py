"""The whole path: accept to settle, through Valkey and a Celery worker; and parts of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import mean

from engine import enqueue
from engine.control import lane_counts
from engine.lanes import lanes
from tests.benchmarks.meter import Meter
from tests.benchmarks.processes import children, cpu_of, cpu_seconds, memory_mb, tree
from tests.benchmarks.suite import Figures
from tests.benchmarks.world import SEED, Scene, analyze, worker_connection

WARM_EVENTS = 2000  #: before anything is measured


@contextmanager
def worker(app: str, *options: str, processes: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker node with a prefork pool."""
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", app, "worker", "-c", str(processes)]
    command += ["-l", "WARNING", "--without-gossip", "--without-mingle", *options]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def memory_of(pid: int) -> Figures:
    """Of a node: its main process, each process of its pool, and all of it."""
    main, pool = memory_mb(pid), [memory_mb(child) for child in children(pid)]
    return {"main_mb": main, "child_mb": mean(pool), "node_mb": main + sum(pool)}


def wait_for(counted: Callable[[], float], expected: float, seconds: float = 180.0) -> None:
    """Poll until counted() has reached expected. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while counted() < expected:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{counted()} of {expected} after {seconds} s")
        time.sleep(0.02)


def counter(query: str) -> Callable[[], int]:
    """How many rows there are, as a function."""
    connection = worker_connection()
    return lambda: connection.execute(SEED[query]).fetchone()[0]  # type: ignore[index]


def busy_tenants() -> int:
    """Tenants with events in lanes."""
    return lanes().look(0)["total"]


def waiting(tenants: int) -> int:
    """Events in lanes, of so many tenants at most."""
    return sum(row["waiting"] for row in lanes().look(tenants)["tenants"])


def run(scene: Scene, events: int, *, seed: int, processes: int = 2, seconds: float = 300.0) -> Figures:
    """Accept all events while a node works, until the last lane is settled: rate, cost and memory.

    The sender knows the tenants' numbers of lanes, as one does that has run for a while.
    """
    scene.reset()
    warm, load = scene.events(WARM_EVENTS, seed=99), scene.events(events, seed=seed)
    with worker("engine", processes=processes) as process:
        lane_counts(set(scene.names()))
        done = counter("count_done")
        meter = Meter({"worker": lambda: cpu_of(tree(process.pid)), "sender": lambda: cpu_seconds(os.getpid())})
        enqueue.push(warm)
        wait_for(done, len(warm))
        analyze()
        meter.start()
        enqueue.push(load)
        wait_for(lambda: -busy_tenants(), 0, seconds)
        wait_for(done, events + len(warm), seconds)  # what was spilled is in no lane
        figures = meter.read(events=events, actions=events * max(1, scene.actions))
        return figures | memory_of(process.pid)
