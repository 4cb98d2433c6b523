"""Executing bundles in the tests' own process, and what they left in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from engine.executor import Executor, Report
from engine.lanes import FetchedLane, lanes
from engine.types import Event, encode
from tests import handler

Connect = Callable[..., psycopg.Connection]


def executor(connection: psycopg.Connection, handle: Any = handler.handle, **settings: Any) -> Executor:
    settings = {
        "max_attempts": 3, "retry_seconds": 0.5, "run_task": unexpected, "tries_of": lanes().tries_of
    } | settings  # fmt: skip
    return Executor(connection, handle, **settings)


def unexpected(task: Event) -> None:
    raise AssertionError(f"{task} is no Celery task")


def lane(of: Sequence[Event], number: int = 0, tries: int = 0) -> FetchedLane:
    return FetchedLane(of[0].tenant, number, tries, [encode(one) for one in of])


def done(report: Report) -> dict[tuple[str, int], int]:
    return {place: outcome.done for place, outcome in report.outcomes.items()}


def effects(connection: psycopg.Connection) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT tenant_id, event_id FROM effects ORDER BY id")
    return [(tenant, event_id) for tenant, event_id in rows]


def dead(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    query = "SELECT tenant_id, lane, lead, event_id, attempts, error FROM engine_deadletter ORDER BY id"
    return connection.execute(query).fetchall()


def ids(of: Sequence[Event]) -> list[tuple[str, str]]:
    return [(one.tenant, one.id) for one in of]
