"""Placement: tenants live on one of several databases; a slow or dead one takes only its own tenants out,
and they come back alone, in order, with everything that was accepted meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from psycopg.conninfo import make_conninfo
from pytest_django.plugin import DjangoDbBlocker

from engine import enqueue
from engine.embedded import postgres
from engine.embedded.folder import Folder
from engine.embedded.process import Server
from engine.lanes import lanes
from engine.roles import Urls, prepare_database
from engine.types import Event, encode
from settings.databases import owner_alias
from tests import handler
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.conftest import further_database
from tests.emptying import empty_tables
from tests.events import event

Start = Callable[..., Worker]

#: Pause between two requests with an event of each tenant.
PAUSE_SECONDS = 0.02

#: Longest wait of all but the slowest 1 % of the events of a tenant whose database is well.
SMALL_SECONDS = 1.0


@dataclass(frozen=True)
class Second:
    """A second PostgreSQL."""

    server: Server
    admin_url: str
    urls: Urls

    def processes(self) -> list[int]:
        """The server and its backends."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = [line.split() for line in listed.stdout.splitlines()]
        return [self.server.pid, *(int(pid) for pid, parent in pairs if int(parent) == self.server.pid)]

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """At once, as by `pg_ctl stop -m immediate`: connections break, new ones are refused."""
        self.server.kill()
        try:
            yield
        finally:
            self.server.start()

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Connections hang, new ones too: nobody is refused and nobody is answered."""
        frozen = self.processes()
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(frozen):
                os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def second(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Second]:
    folder = Folder(tmp_path_factory.mktemp("second") / "data")
    server, admin_url = postgres.server(folder, durable=False, options={})
    server.start()
    urls = prepare_database(admin_url)
    with django_db_blocker.unblock(), further_database("blue", urls):
        call_command("migrate", database=owner_alias("blue"), verbosity=0, interactive=False)
    yield Second(server, make_conninfo(admin_url, dbname="fairlane"), urls)
    server.stop()
    folder.release()


@pytest.fixture
def blue(effects: Effects, second: Second) -> Iterator[Effects]:
    """What was done on the second database; Django, the engine and the nodes know it."""
    empty_tables(second.admin_url)
    with further_database("blue", second.urls), handler.table(second.urls.owner):
        seen = Effects(second.urls.worker, effects.explain)
        register("whale")
        register("minnow", database="blue")
        yield seen
        seen.watch.close()


@dataclass
class Producer:
    """Sends an event of each tenant at a time, for leads in turn."""

    sent: list[Event] = field(default_factory=list)
    number: int = 0

    def send_for(self, seconds: float) -> list[Event]:
        """Returns what was sent: all of it was accepted."""
        first, end = len(self.sent), time.monotonic() + seconds
        while time.monotonic() < end:
            pair = [
                event(tenant, f"{tenant}-{self.number % 7}", f"{tenant}-{self.number}", n=self.number, at=now())
                for tenant in ("whale", "minnow")
            ]
            enqueue.push(pair)
            self.sent += pair
            self.number += 1
            time.sleep(PAUSE_SECONDS)
        return self.sent[first:]

    def of(self, tenant: str) -> list[Event]:
        return [one for one in self.sent if one.tenant == tenant]


def leave_in_outbox(effects: Effects) -> Event:
    """An event of the whale whose process died before it was pushed; maintenance of its database finds it."""
    left = event("whale", "whale-left", "left", at=now())
    effects.watch.execute(
        "INSERT INTO engine_outbox (tenant_id, events, size, transaction, created_at)"
        " VALUES ('whale', %s, 1, pg_current_xact_id(), now() - interval '1 minute')",
        [encode(left) + b"\n"],
    )
    return left


def now() -> datetime:
    return datetime.now(UTC)


def waits(effects: Effects, events: list[Event]) -> list[float]:
    """Seconds from acceptance to execution of the events, which must all have been executed."""
    done = dict(effects.watch.execute("SELECT event_id, at FROM effects").fetchall())
    return [(done[one.id] - one.accepted_at).total_seconds() for one in events]


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


@pytest.mark.parametrize("outage", ["stopped", "standing_still"])
def test_only_the_tenants_of_a_lost_database_wait(
    start: Start, maintain: None, effects: Effects, blue: Effects, second: Second, outage: str
) -> None:
    start("anna", concurrency=2)
    start("bert", concurrency=2)
    producer = Producer()
    producer.send_for(2)
    effects.wait_for(producer.of("whale"))
    blue.wait_for(producer.of("minnow"))

    with getattr(second, outage)():
        producer.sent.append(leave_in_outbox(effects))
        during = [one for one in producer.send_for(12) if one.tenant == "whale"]
        effects.wait_for(producer.of("whale"), seconds=20)
    blue.reconnect()
    producer.send_for(2)
    blue.wait_for(producer.of("minnow"))
    effects.wait_for(producer.of("whale"))

    waited = waits(effects, during)
    assert p99(waited) < SMALL_SECONDS, sorted(waited)[-20:]
    effects.check(producer.of("whale"))
    blue.check(producer.of("minnow"))
    assert effects.dead() == blue.dead() == set()
    assert max(waits(blue, producer.of("minnow"))) > 11, "the database was not away"
    wait_until(lambda: not lanes().client.exists("{fairlane}:suspects"), "innocent events are under suspicion")


def test_each_database_has_its_own_tenants_effects_only(start: Start, effects: Effects, blue: Effects) -> None:
    start()
    producer = Producer()
    producer.send_for(2)
    effects.wait_for(producer.of("whale"))
    blue.wait_for(producer.of("minnow"))

    effects.check(producer.of("whale"))
    blue.check(producer.of("minnow"))


def test_a_redis_that_forgot_where_tenants_live_is_told(
    start: Start, maintain: None, effects: Effects, blue: Effects
) -> None:
    lanes().client.flushdb()
    producer = Producer()
    producer.send_for(0.5)
    start()
    producer.send_for(2)
    effects.wait_for(producer.of("whale"))
    blue.wait_for(producer.of("minnow"))

    effects.check(producer.of("whale"))
    blue.check(producer.of("minnow"))
