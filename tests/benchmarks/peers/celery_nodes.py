"""Stock Celery as a node: a prefork pool of two processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from engine.types import Event
from tests.benchmarks.path import memory_of, worker
from tests.benchmarks.peers import nodes
from tests.benchmarks.peers.nodes import Node
from tests.benchmarks.suite import Figures

WARM_EVENTS = 20


def run(app: str, enqueue: Callable[[Sequence[Event]], int], events: int, *, seed: int) -> Figures:
    """Rate, cost and memory of an app whose tasks are in the queue `stock`. enqueue returns the activities to come."""
    return nodes.run(partial(_node, app), enqueue, events, seed=seed, warm=WARM_EVENTS)


@contextmanager
def _node(app: str) -> Iterator[Node]:
    with worker(app, "-Q", "stock") as process:
        yield Node([process.pid], lambda: memory_of(process.pid))
