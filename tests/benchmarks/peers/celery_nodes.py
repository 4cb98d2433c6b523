"""Stock Celery as a node: its tasks are sent, then waited for in the history that they write."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from engine.types import Event
from tests.benchmarks.meter import Meter
from tests.benchmarks.path import counter, memory_of, wait_for, worker
from tests.benchmarks.processes import cpu_of, cpu_seconds, tree
from tests.benchmarks.suite import Figures
from tests.benchmarks.world import Scene

WARM_EVENTS = 20


def run(app: str, enqueue: Callable[[Sequence[Event]], int], events: int, *, seed: int) -> Figures:
    """Rate, cost and memory of an app whose tasks are in the queue `stock`. enqueue returns the activities to come."""
    scene = Scene()
    scene.reset()
    with worker(app, "-Q", "stock") as process:
        done = counter("count_activities")
        meter = Meter({"worker": lambda: cpu_of(tree(process.pid)), "sender": lambda: cpu_seconds(os.getpid())})
        before = enqueue(scene.events(WARM_EVENTS, seed=99))
        wait_for(done, before)
        meter.start()
        wait_for(done, before + enqueue(scene.events(events, seed=seed)))
        return meter.read(events=events, actions=events * scene.actions) | memory_of(process.pid)
