"""A worker whose every word with a server is counted, and that dies or stands still before a given one.

From the lease to the settle: the scripts in Redis, BEGIN, the claim, each statement of the handler, COMMIT.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Generator
from typing import Any

import psycopg
import redis

from engine import lanes as engine_lanes
from engine import tasks
from engine.conf import EngineConf
from engine.executor import Executor
from engine.lanes import Lanes
from engine.types import Event
from tests import handler

#: How long a worker waits for another's uncommitted keys; half a second in production.
LOCK_TIMEOUT = "25ms"

#: Longest wait for a thread, a guard against hanging tests.
PATIENCE_SECONDS = 20

_numbers = itertools.count()
_here = threading.local()


class Crash(BaseException):
    """The process has ended here; nothing catches it."""


class Steps:
    """Counts a worker's words; before number `at` it does what `act` says."""

    def __init__(self, at: int | None, act: Callable[[], None]) -> None:
        self.at = at
        self.act = act
        self.names: list[str] = []

    def before(self, name: str) -> None:
        """The worker is about to speak to a server."""
        if len(self.names) == self.at:
            self.at = None
            self.act()
        self.names.append(name)


class SteppedConnection(psycopg.Connection[Any]):
    """Every exchange with PostgreSQL passes through wait()."""

    steps: Steps | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """As psycopg's."""
        if self.steps is not None:
            self.steps.before(gen.__name__)
        return super().wait(gen, *args, **options)


class SteppedLanes(Lanes):
    """Every script is a step."""

    steps: Steps | None = None

    def _run(self, name: str, *args: bytes | str | int | float) -> Any:
        if self.steps is not None:
            self.steps.before(name)
        return super()._run(name, *args)


class Stepped:
    """One worker process, as a thread or in this one. Its task is the real engine.run_bundle."""

    def __init__(self, client: redis.Redis) -> None:
        self.lanes = SteppedLanes(client, EngineConf(redis_url=os.environ["REDIS_URL"], probe_events=8))
        self.connection = SteppedConnection.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True)
        self.connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        self.executor = Executor(self.connection, handler.handle, _no_task, max_attempts=3, retry_seconds=0.0)
        self.arrived = threading.Event()
        self._go = threading.Event()
        self._thread: threading.Thread | None = None

    def work(self, steps: Steps | None = None) -> bool:
        """Lease one bundle and execute it. Returns whether there was one."""
        bundle = f"bundle-{next(_numbers)}"
        self._watch(steps)
        _here.worker = self
        try:
            if not self.lanes.lease(bundle, "test:1", "default"):
                return False
            tasks.run_bundle(bundle=bundle, node="test:1")
            if steps is not None:
                steps.before("the end")
            return True
        finally:
            self._watch(None)

    def crash_at(self, step: int) -> list[str]:
        """Work, and end before that step as kill -9 ends a process. Returns the steps that were done."""
        steps = Steps(step, self._die)
        with contextlib.suppress(Crash):
            self.work(steps)
        self.close()
        return steps.names

    def stop_at(self, step: int) -> None:
        """Work in a thread, and stand still before that step until go_on(), as under SIGSTOP."""
        steps = Steps(step, self._stand_still)

        def run() -> None:
            self.work(steps)
            self.arrived.set()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert self.arrived.wait(PATIENCE_SECONDS), "it neither stops nor ends"

    def go_on(self) -> None:
        """As after SIGCONT; returns when it has finished what it was doing."""
        self._go.set()
        assert self._thread is not None
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "it does not end"

    def close(self) -> None:
        """Its connection ends."""
        self.connection.close()

    def _die(self) -> None:
        self.connection.close()  # the server rolls back what was open, as when a process ends
        raise Crash

    def _stand_still(self) -> None:
        self.arrived.set()
        assert self._go.wait(PATIENCE_SECONDS), "nobody lets it go on"

    def _watch(self, steps: Steps | None) -> None:
        self.lanes.steps = self.connection.steps = steps


class ExecutorOfThread:
    """Instead of tasks._executor: the executor of the worker that runs in this thread, which keeps its connection."""

    def __call__(self, _pid: int, _database: str) -> Executor:
        return _here.worker.executor  # type: ignore[no-any-return]


def lanes_of_thread() -> Lanes:
    """Instead of engine.lanes.lanes()."""
    return _here.worker.lanes  # type: ignore[no-any-return]


def client() -> redis.Redis:
    """As the engine's."""
    return engine_lanes.connect(os.environ["REDIS_URL"])


def _no_task(event: Event) -> None:
    raise AssertionError(f"{event} is no Celery task")
