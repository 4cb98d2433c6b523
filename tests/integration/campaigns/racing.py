"""Bundles of many leads, executed at the same time by as many connections as processes would have."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg

from campaigns import handler, rulebooks
from engine.types import Event
from tests.integration.engine.bundles import executor, lane

Connect = Callable[[], psycopg.Connection]


class PerThread(threading.local):
    """A cache for each thread, as each process has its own."""

    def __init__(self) -> None:
        self.current = rulebooks.RulebookCache(size=10).current


def purchases(tenant: str, leads: Sequence[str]) -> list[Event]:
    now = datetime.now(UTC)
    return [
        Event(
            id=f"{tenant}-{lead}", tenant=tenant, lead=lead, type="purchase", accepted_at=now, occurred_at=now,
            data={"amount": "1"},
        )
        for lead in leads
    ]  # fmt: skip


def at_once(connect: Connect, *workers: Sequence[Sequence[Event]]) -> None:
    """Execute bundles in as many processes' worth of connections as given, all at the same time."""
    failed: list[BaseException] = []
    ready = threading.Barrier(len(workers))

    def work(bundles: Sequence[Sequence[Event]]) -> None:
        try:
            with connect() as connection:
                connection.autocommit = True
                ready.wait(10)
                for events in bundles:
                    assert executor(connection, handler.handle).execute([lane(events)]).dead == 0
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(bundles,)) for bundles in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def in_bundles(tenant: str, prefix: str, bundles: int, size: int) -> list[list[Event]]:
    return [purchases(tenant, [f"{prefix}-{one}-{two}" for two in range(size)]) for one in range(bundles)]
