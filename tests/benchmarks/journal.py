"""What the journal costs those who send events: python -m tests.benchmarks.journal

Two shapes, each with the journal off and on in turns on the same servers, as durable as in production: requests of
one event by 16 threads of one process, as a web server has them, and pushes of 1,000 by one thread, as a replay.
Prints events a second, the median and the 99th percentile of a push in ms, rows of the journal a minute.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median, quantiles

import psycopg

from engine import embedded
from engine.roles import prepare_database
from engine.types import Event

THREADS, REQUESTS = 16, 60
PUSHES, EVENTS = 40, 1000
ROUNDS = 3

_numbers = count()


@dataclass(frozen=True)
class Result:
    """Of one round."""

    per_second: float  #: events
    median_ms: float  #: of one push
    p99_ms: float
    rows: float  #: of the journal, a minute


def events(size: int) -> list[Event]:
    """As an API takes them, of leads of two tenants."""
    now = datetime.now(UTC)
    return [
        Event(
            id=f"event-{n}", tenant=("whale", "minnow")[n % 2], lead=f"lead-{n % 500}", type="purchase",
            accepted_at=now, occurred_at=now, data={"amount": 19.9, "currency": "EUR", "order": f"order-{n}"},
        )
        for n in (next(_numbers) for _ in range(size))
    ]  # fmt: skip


def push_timed(push: Callable[[list[Event]], None], times: int, size: int, took: list[float]) -> None:
    """Push so often and note each push's seconds."""
    for _ in range(times):
        some = events(size)
        started = time.perf_counter()
        push(some)
        took.append(time.perf_counter() - started)


def measure(
    push: Callable[[list[Event]], None], rows: Callable[[], int], threads: int, times: int, size: int
) -> Result:
    """One round."""
    took: list[float] = []
    before, started = rows(), time.perf_counter()
    pushing = [threading.Thread(target=push_timed, args=(push, times, size, took)) for _ in range(threads)]
    for thread in pushing:
        thread.start()
    for thread in pushing:
        thread.join()
    seconds = time.perf_counter() - started
    return Result(
        threads * times * size / seconds, median(took) * 1000, quantiles(took, n=100)[98] * 1000,
        (rows() - before) * 60 / seconds,
    )  # fmt: skip


@contextmanager
def world() -> Iterator[None]:
    """Servers, tables and tenants."""
    with tempfile.TemporaryDirectory(prefix="fairlane-bench-") as folder:
        with embedded.start(Path(folder) / "data") as servers:
            urls = prepare_database(servers.postgres_url)
            os.environ.update(
                DJANGO_SETTINGS_MODULE="settings.test", SECRET_KEY="not a secret", DATABASE_URL=urls.app,
                WORKER_DATABASE_URL=urls.worker, OWNER_DATABASE_URL=urls.owner, REDIS_URL=servers.redis_url,
            )  # fmt: skip
            yield
        embedded.remove(Path(folder) / "data")


def main() -> None:
    """Prints medians of rounds in turns."""
    import django  # noqa: PLC0415  needs the servers' addresses in the environment

    with world():
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415
        from django.db import transaction  # noqa: PLC0415

        from engine import control, db, enqueue, rebuild  # noqa: PLC0415
        from engine.lanes import lanes  # noqa: PLC0415
        from engine.rights import operator  # noqa: PLC0415

        call_command("migrate", database="owner", verbosity=0)
        with transaction.atomic(), operator():
            control.register("whale")
            control.register("minnow")
        worker = db.connect_worker("default", "fairlane-bench")
        shapes = {"1 event, 16 threads": (THREADS, REQUESTS, 1), "1,000 events, 1 thread": (1, PUSHES, EVENTS)}
        results: dict[tuple[str, bool], list[Result]] = {}
        for _ in range(ROUNDS):
            for name, shape in shapes.items():
                for journal in (False, True):
                    lanes().settings = replace(lanes().settings, journal=journal, lane_limit=1_000_000)
                    rebuild.guard_lanes(worker)
                    enqueue.push(events(1))
                    result = measure(enqueue.push, lambda: _rows(worker), *shape)
                    results.setdefault((name, journal), []).append(result)
        for (name, journal), of in results.items():
            columns = [median(getattr(one, column) for one in of) for column in Result.__dataclass_fields__]
            print(f"{name:24} {'on ' if journal else 'off'}", *(f"{value:10,.1f}" for value in columns))
    sys.exit(0)


def _rows(worker: psycopg.Connection) -> int:
    row = worker.execute("SELECT count(*) FROM engine_journal").fetchone()
    return row[0] if row else 0


if __name__ == "__main__":
    main()
