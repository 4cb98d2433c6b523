"""A peer's node: events are sent to it, then waited for in the history that it writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from statistics import mean

from engine.types import Event
from tests.benchmarks.meter import Meter
from tests.benchmarks.path import counter, wait_for
from tests.benchmarks.processes import cpu_of, cpu_seconds, memory_mb, tree
from tests.benchmarks.suite import Figures
from tests.benchmarks.world import Scene, analyze


@dataclass(frozen=True)
class Node:
    """Processes that work."""

    pids: Sequence[int]  #: those that were started; what they start themselves counts too
    memory: Callable[[], Figures]

    def cpu(self) -> float:
        """Seconds of a core that all of it used."""
        return sum(cpu_of(tree(pid)) for pid in self.pids)


def run(
    node: Callable[[], AbstractContextManager[Node]],
    enqueue: Callable[[Sequence[Event]], int],
    events: int,
    *,
    seed: int,
    warm: int,
) -> Figures:
    """Rate, cost and memory from the first event sent to the last activity written.

    enqueue returns the activities to come. Raises ValueError when there are more or fewer in the end.
    """
    scene = Scene()
    scene.reset()
    done = counter("count_activities")
    with node() as started:
        meter = Meter({"worker": started.cpu, "sender": lambda: cpu_seconds(os.getpid())})
        expected = enqueue(scene.events(warm, seed=99))
        wait_for(done, expected)
        analyze()
        meter.start()
        expected += enqueue(scene.events(events, seed=seed))
        wait_for(done, expected)
        figures = meter.read(events=events, actions=events * scene.actions) | started.memory()
    if done() != expected:
        raise ValueError(f"{done()} activities, not {expected}")
    return figures


@contextmanager
def modules(name: str, count: int = 2) -> Iterator[Node]:
    """A node of this many processes; each calls the module's `serve` with its number."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.peers", name]
    started = [subprocess.Popen([*command, str(number)], start_new_session=True) for number in range(count)]
    try:
        yield Node([process.pid for process in started], lambda: _memory(started))
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _memory(started: Sequence[subprocess.Popen[bytes]]) -> Figures:
    """As of a pool whose processes need no other."""
    used = [memory_mb(process.pid) for process in started]
    return {"child_mb": mean(used), "node_mb": sum(used)}
