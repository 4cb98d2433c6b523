"""A handler that does what an event's type says: the engine's tests decide how it succeeds or fails.

Its effects are rows of the table `effects`, made by the fixture of that name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from engine.errors import Retry
from engine.types import Event, Handled

MAKE_TABLE = """
CREATE TABLE IF NOT EXISTS effects (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text NOT NULL,
    lead text NOT NULL,
    event_id text NOT NULL,
    n int,
    process int NOT NULL,
    begun timestamptz NOT NULL DEFAULT now(),  -- its transaction
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id()
)
"""
INSERT = "INSERT INTO effects (tenant_id, lead, event_id, n, process) VALUES (%s, %s, %s, %s, %s)"

Behaviour = Callable[[psycopg.Connection, Event], None]


@contextmanager
def table(owner_url: str) -> Iterator[None]:
    """The table of effects, while the block runs."""
    with psycopg.connect(owner_url) as owner:
        owner.execute(MAKE_TABLE)
    yield
    with psycopg.connect(owner_url) as owner:
        owner.execute("DROP TABLE effects")


def handle(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> Handled:
    """One row per event, in order; the seconds each tenant's events took."""
    seconds: dict[str, float] = {}
    for event in events:
        started = time.perf_counter()
        BEHAVIOURS.get(event.type, purchase)(connection, event)
        seconds[event.tenant] = seconds.get(event.tenant, 0.0) + time.perf_counter() - started
    return Handled(seconds)


def purchase(connection: psycopg.Connection, event: Event) -> None:
    """The effect itself."""
    connection.execute(INSERT, [event.tenant, event.lead, event.id, event.data.get("n"), os.getpid()])


def fail(connection: psycopg.Connection, event: Event) -> None:
    """After its effect, which must not stay."""
    purchase(connection, event)
    raise ZeroDivisionError(f"{event.id} cannot be executed")


def exit_process(connection: psycopg.Connection, event: Event) -> None:
    """As a crash of an extension module would."""
    purchase(connection, event)
    os._exit(9)


def loop(connection: psycopg.Connection, event: Event) -> None:
    """For ever."""
    while True:
        pass


def slow(connection: psycopg.Connection, event: Event) -> None:
    """Work that takes the seconds the event says."""
    time.sleep(float(event.data["seconds"]))
    purchase(connection, event)


def spin(connection: psycopg.Connection, event: Event) -> None:
    """The same, using the processor."""
    end = time.perf_counter() + float(event.data["seconds"])
    while time.perf_counter() < end:
        pass
    purchase(connection, event)


def retry(connection: psycopg.Connection, event: Event) -> None:
    """Never now."""
    purchase(connection, event)
    raise Retry(event.data.get("delay", 0.0), "not yet")


def retry_once(connection: psycopg.Connection, event: Event) -> None:
    """Not the first time."""
    purchase(connection, event)
    if is_first_time(event):
        raise Retry(0.05, "not yet")


def exit_once(connection: psycopg.Connection, event: Event) -> None:
    """Dies the first time."""
    purchase(connection, event)
    if is_first_time(event):
        os._exit(9)


def is_first_time(event: Event) -> bool:
    """Whether nobody executed this event before, not even a process that died of it."""
    try:
        Path(event.data["marker"]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def statement(connection: psycopg.Connection, event: Event) -> None:
    """What the event says in SQL, then its effect."""
    connection.execute(event.data["sql"])
    purchase(connection, event)


def swallow(connection: psycopg.Connection, event: Event) -> None:
    """A handler with a mistake: the error is gone, the transaction too."""
    purchase(connection, event)
    try:
        connection.execute("SELECT 1/0")
    except psycopg.Error:
        return


def released(connection: psycopg.Connection, event: Event) -> None:
    """Fails like every event of a faulty release, as long as the file is there that stands for the fault."""
    purchase(connection, event)
    if Path(event.data["fault"]).exists():
        raise KeyError("a column is missing")


BEHAVIOURS: dict[str, Behaviour] = {
    "fail": fail,
    "exit": exit_process,
    "loop": loop,
    "slow": slow,
    "spin": spin,
    "retry": retry,
    "retry-once": retry_once,
    "exit-once": exit_once,
    "statement": statement,
    "swallow": swallow,
    "released": released,
}
