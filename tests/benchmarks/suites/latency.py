"""How long an accepted event waits for the commit of its effects, at shares of what the node can do.

The load comes at a constant rate by in-process `accept`, a thread and a batch every 50 ms for each tenant; a wait is
counted from the moment when its event was due, so a late sender hides nothing. Beside it a tenant has one event every
100 ms: its lanes are empty, and what it waits is what an idle lead does. `manage.py maintain` runs. A round takes
about two and a half minutes.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from engine import enqueue
from tests.benchmarks import commits, path
from tests.benchmarks.back_pressure import maintenance
from tests.benchmarks.commits import SQL, Glance
from tests.benchmarks.meter import Meter
from tests.benchmarks.path import counter, wait_for, worker
from tests.benchmarks.processes import cpu_of, cpu_seconds, tree
from tests.benchmarks.sender import Sender, zipf
from tests.benchmarks.suite import Case, Column, Figures, Suite
from tests.benchmarks.world import Scene, worker_connection

EVENTS = int(os.environ.get("EVENTS", "60000"))  #: by which the capacity is measured
SECONDS = float(os.environ.get("LEVEL_SECONDS", "25"))  #: of each load
WARM_SECONDS = 4.0  #: of the same load, before
TICK = 0.05  #: seconds
SHARES = (0.1, 0.5, 0.8)
IDLE_RATE, IDLE_TICK = 10.0, 0.1  #: events a second of the tenant that is idle else

CAPACITY = "capacity, as the load comes"
FULL_SECONDS = 12.0  #: of more than the node can take, in which its capacity is counted

COLUMNS = (
    Column("of_capacity", "of capacity", ".2f"),
    Column("p50_ms", "p50 ms"),
    Column("p99_ms", "p99 ms"),
    Column("idle_p50_ms", "idle lead p50 ms"),
    Column("idle_p99_ms", "idle lead p99 ms"),
    Column("events", "events/s"),
    Column("bulk", "all at once, events/s"),
    Column("accept_p99_ms", "of them to accept, p99 ms"),
    Column("sender_cores", "sender, cores", ".2f"),
    Column("node_cores", "node", ".2f"),
    Column("redis_cores", "Redis", ".2f"),
    Column("postgres_cores", "PostgreSQL", ".2f"),
    Column("behind_seconds", "s behind at the end", ".2f"),
    Column("spilled", "spilled"),
)


def suite() -> Suite:
    """Capacity first, then shares of it."""
    levels = Levels()
    cases = [Case(CAPACITY, levels.measure_capacity)]
    cases += [Case(f"{share:.0%} of capacity", partial(levels.run, share)) for share in SHARES]
    return Suite("from accept to the commit of the effects", cases, COLUMNS, compare)


def compare(rows: Mapping[str, Figures]) -> None:
    """What was sent, as a share of the capacity."""
    for figures in rows.values():
        figures["of_capacity"] = figures["events"] / rows[CAPACITY]["events"]


@dataclass
class Levels:
    """The loads of a round follow from the capacity measured in it."""

    scene: Scene = field(default_factory=Scene)
    capacity: float = 0.0  #: events a second

    def measure_capacity(self, seed: int) -> Figures:
        """What is executed a second while more comes than that, in the same small requests.

        These cost their sender, and Redis, more than the same events all at once, whose rate is told beside it.
        """
        bulk = path.run(self.scene, EVENTS, seed=seed)["events"]
        tenants = self.scene.names()
        self.scene.reset()
        load = Load.of(tenants[:-1], bulk, tenants[-1])
        with worker("engine"), maintenance(), ThreadPoolExecutor(1) as thread:
            sending = thread.submit(load.send, WARM_SECONDS + FULL_SECONDS)
            time.sleep(WARM_SECONDS)
            done, began = counter("count_done"), time.monotonic()
            before = done()
            sending.result()
            self.capacity = (done() - before) / (time.monotonic() - began)
        return {"events": self.capacity, "bulk": bulk}

    def run(self, share: float, seed: int) -> Figures:
        """Send that share of the capacity and look how long events waited."""
        *busy, idle = Scene(tenants=self.scene.tenants + 1).names()
        Scene(tenants=len(busy) + 1, document=self.scene.document).reset()
        load = Load.of(busy, self.capacity * share, idle)
        warm = self.scene.events(path.WARM_EVENTS, seed=seed)
        with worker("engine") as node, maintenance():
            meter = Meter({"node": lambda: cpu_of(tree(node.pid)), "sender": lambda: cpu_seconds(os.getpid())})
            enqueue.push(warm)
            load.wait_until_done(len(warm))
            load.send(WARM_SECONDS)
            with commits.Watch() as watch:
                began, before = datetime.now(UTC), load.sent
                meter.start()
                load.send(SECONDS)
                sent = load.sent - before
                used = meter.read(events=sent, actions=sent)
                behind = load.wait_until_done(len(warm))
        figures = {"events": sent / SECONDS, "behind_seconds": behind, "accept_p99_ms": p99(load.took()) * 1000}
        return figures | _cores(used) | _figures(began, idle, watch.glances)


@dataclass(frozen=True)
class Load:
    """Each tenant's events come from a thread, as from a client: they share the broker's flushes as clients do."""

    rates: Mapping[Sender, float]  #: events a second

    @classmethod
    def of(cls, busy: Sequence[str], rate: float, idle: str) -> Load:
        """So many events a second by Zipf's law over the tenants, and the idle tenant's."""
        weights = zipf(busy)
        rates = {
            Sender([tenant], tick=TICK, delay=TICK * number / len(busy), seed=number): rate * weight / sum(weights)
            for number, (tenant, weight) in enumerate(zip(busy, weights, strict=True))
        }
        return cls(rates | {Sender([idle], tick=IDLE_TICK): IDLE_RATE})

    def send(self, seconds: float) -> None:
        """For so long."""

        def go_on(elapsed: float) -> bool:
            return elapsed < seconds

        with ThreadPoolExecutor(len(self.rates)) as threads:
            for ended in [threads.submit(sender.run, rate, go_on) for sender, rate in self.rates.items()]:
                ended.result()

    @property
    def sent(self) -> int:
        """Events so far."""
        return sum(sender.sent for sender in self.rates)

    def took(self) -> list[float]:
        """Seconds from when each tick was due until its events were accepted."""
        return [seconds for sender in self.rates for seconds in sender.took]

    def wait_until_done(self, others: int) -> float:
        """Returns the seconds until all that was sent, and these others, was executed."""
        began = time.monotonic()
        wait_for(counter("count_done"), self.sent + others)
        return time.monotonic() - began


def _cores(used: Figures) -> Figures:
    """From CPU seconds a million events to cores in use."""
    return {
        f"{role}_cores": used[f"cpu_{role}"] * used["events"] / 1e6 for role in ("sender", "node", "redis", "postgres")
    }


def _figures(since: datetime, idle: str, glances: Sequence[Glance]) -> Figures:
    """The waits of the load and of the idle tenant, and how many events went through the buffer."""
    with worker_connection() as connection:
        executed = connection.execute(SQL["select_executed"], [since]).fetchall()
        (spilled,) = connection.execute(SQL["count_spilled"]).fetchone() or (0,)
    busy = waits(((due, by) for tenant, due, by in executed if tenant != idle), glances)
    lone = waits(((due, by) for tenant, due, by in executed if tenant == idle), glances)
    return {
        "p50_ms": statistics.median(busy) * 1000, "p99_ms": p99(busy) * 1000,
        "idle_p50_ms": statistics.median(lone) * 1000, "idle_p99_ms": p99(lone) * 1000,
        "spilled": float(spilled),
    }  # fmt: skip


def waits(executed: Iterable[tuple[float, int]], glances: Sequence[Glance]) -> list[float]:
    """Seconds from the moment when each was due until its transaction was seen."""
    seen: dict[int, float] = {}
    found = []
    for due, transaction in executed:
        if transaction not in seen:
            seen[transaction] = commits.seen_at(glances, transaction)
        found.append(seen[transaction] - due)
    return found


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]
