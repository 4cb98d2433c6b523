"""Real worker processes, and what may happen to them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psycopg
from django.db import transaction

from engine import control
from engine.types import Event

COMMAND = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "engine",
    "worker",
    "--loglevel=INFO",
    "--without-mingle",
    "--without-gossip",
]

#: Longest wait for anything: the machine may be busy, a hang must still end.
PATIENCE_SECONDS = 60


class Worker:
    """One node: `celery -A engine worker` with its pool of processes."""

    def __init__(
        self,
        log: Path,
        *,
        concurrency: int = 2,
        before: Sequence[str] = (),
        options: Sequence[str] = (),
        **environment: str,
    ) -> None:
        """`before`: a program that runs it, with its arguments; `options`: of the worker."""
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*before, *COMMAND, "-c", str(concurrency), "-n", f"{log.stem}@test", *options],
                stdout=out,
                stderr=out,
                start_new_session=True,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.acceptance.settings"} | environment,
            )

    def is_ready(self) -> bool:
        """Whether it consumes. Fails when it ended instead."""
        assert self.process.poll() is None, f"the worker ended:\n{self.tail()}"
        return b" ready." in self.log.read_bytes()

    def children(self) -> list[int]:
        """The processes of its pool."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout.split()
        pairs = zip(listed[::2], listed[1::2], strict=True)
        return [int(pid) for pid, parent in pairs if int(parent) == self.process.pid]

    def kill_children(self) -> None:
        """kill -9 of every process of the pool."""
        for child in self.children():
            with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(child, signal.SIGKILL)

    def kill(self) -> None:
        """kill -9 of the node; its pool ends with it."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Every process stands still, as a machine that swaps or a container that is frozen."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """After pause()."""
        self._signal_all(signal.SIGCONT)

    def stop(self) -> int:
        """Warm shutdown. Returns the exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """Whatever it was doing."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tail(self) -> str:
        """What it said last."""
        return self.log.read_text(errors="replace")[-6000:]

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in (self.process.pid, *self.children()):
            os.kill(pid, number)


def register(*tenants: str, database: str = "default") -> None:
    """Tenants as the engine knows them; the names of a test file are its own."""
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT set_config('fairlane.operator', 'on', true)")
        for tenant in tenants:
            control.register(tenant, database=database)


def wait_until(condition: Callable[[], bool], why: str, *, seconds: float = PATIENCE_SECONDS) -> float:
    """Returns the seconds it took. Fails when the condition is not true in time."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() < started + seconds, f"waited {seconds} s in vain: {why}"
        time.sleep(0.02)
    return time.monotonic() - started


class Effects:
    """What was done, read from PostgreSQL as the worker role, which sees every tenant."""

    def __init__(self, url: str, explain: Callable[[], str]) -> None:
        self.url = url
        self.explain = explain
        self.watch = psycopg.connect(url, autocommit=True)

    def reconnect(self) -> None:
        """After the database was restarted."""
        self.watch.close()
        self.watch = psycopg.connect(self.url, autocommit=True)

    def count(self, tenant: str = "") -> int:
        """Effects of one tenant, or of all."""
        query = "SELECT count(*) FROM effects WHERE %(tenant)s IN ('', tenant_id)"
        row = self.watch.execute(query, {"tenant": tenant}).fetchone()
        return row[0] if row else 0

    def dead(self) -> set[tuple[str, str]]:
        """Tenant and event id of each dead letter."""
        return set(self.watch.execute("SELECT tenant_id, event_id FROM engine_deadletter").fetchall())

    def wait_for(self, events: Iterable[Event], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Until each of the events had its effect."""
        wanted = {(event.tenant, event.id) for event in events}

        def all_done() -> bool:
            return wanted <= set(self.watch.execute("SELECT tenant_id, event_id FROM effects").fetchall())

        try:
            wait_until(all_done, "events without effect", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.count()} of {len(wanted)}\n{self.explain()}") from None

    def check(self, events: Sequence[Event]) -> None:
        """Each event had its effect once, and in the order of the sequence per lead; nothing else happened."""
        rows = self.watch.execute("SELECT tenant_id, lead, event_id FROM effects ORDER BY id").fetchall()
        twice = {row: times for row, times in Counter(rows).items() if times > 1}
        assert not twice, f"done more than once: {twice}\n{self.explain()}"
        assert _per_lead(rows) == _per_lead([(event.tenant, event.lead, event.id) for event in events])


def _per_lead(rows: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    leads: dict[tuple[str, str], list[str]] = defaultdict(list)
    for tenant, lead, event_id in rows:
        leads[tenant, lead].append(event_id)
    return leads
