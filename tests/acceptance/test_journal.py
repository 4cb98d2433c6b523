"""With the journal nothing accepted is lost, not even with all of Redis or its disk; nothing is done twice,
and each lead's events keep their order.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from engine.embedded import Servers
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event

Start = Callable[..., Worker]
Produce = Callable[..., "Producer"]

LEADS = {"web": ("w1@whale", "w2@whale", "m1@minnow"), "api": ("w3@whale", "m2@minnow")}
PUSHES, SIZE = 24, 5  #: of each lead


@pytest.fixture(autouse=True)
def journal(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """On, in every process that is started."""
    monkeypatch.setenv("FAIRLANE_JOURNAL", "1")
    register("whale", "minnow")


class Producer:
    """A process that accepts."""

    def __init__(self, log: Path, *leads: str, pushes: int = PUSHES, size: int = SIZE) -> None:
        self.command = [
            sys.executable, "-m", "tests.acceptance.producer", str(log), str(pushes), str(size), *leads
        ]  # fmt: skip
        self.sent = [
            event(tenant, lead, f"{lead}-{n}", n=n)
            for lead, tenant in (name.split("@") for name in leads)
            for n in range(pushes * size)
        ]
        self.log = log
        self.start()

    def start(self) -> None:
        with self.log.with_suffix(".log").open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdout=out,
                stderr=out,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.acceptance.settings"},
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def is_done(self) -> bool:
        return self.process.poll() == 0


@pytest.fixture
def produce(journal: None, tmp_path: Path) -> Iterator[Produce]:
    producers: list[Producer] = []

    def begin(name: str, *leads: str, **sizes: int) -> Producer:
        producers.append(Producer(tmp_path / f"{name}.accepted", *leads, **sizes))
        return producers[-1]

    yield begin
    for producer in producers:
        producer.kill()


def test_all_of_redis_is_lost_again_and_again(
    start: Start, produce: Produce, maintain: None, effects: Effects, valkey: redis.Redis
) -> None:
    start("anna")
    start("boris")
    producers = [produce(name, *leads) for name, leads in LEADS.items()]
    sent = [one for producer in producers for one in producer.sent]

    for count in (30, 120, 250, 400):
        wait_until(lambda count=count: effects.count() >= count, "no progress")  # type: ignore[misc]
        valkey.flushall()
    effects.wait_for(sent)

    effects.check(sent)
    wait_until(lambda: all(producer.is_done() for producer in producers), "the producers do not end")
    assert effects.dead() == set()


def test_the_disk_of_redis_is_lost(
    start: Start, produce: Produce, maintain: None, effects: Effects, servers: Servers
) -> None:
    start("anna")
    producers = [produce(name, *leads) for name, leads in LEADS.items()]
    sent = [one for producer in producers for one in producer.sent]

    wait_until(lambda: effects.count() >= 100, "no progress")
    servers.valkey.kill()
    data = servers.folder.path / "valkey"
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    servers.valkey.start()
    effects.wait_for(sent)

    effects.check(sent)


def test_producers_and_nodes_die_while_redis_loses_everything(
    start: Start, produce: Produce, maintain: None, effects: Effects, valkey: redis.Redis
) -> None:
    anna = start("anna")
    start("boris")
    producers = [produce(name, *leads) for name, leads in LEADS.items()]
    sent = [one for producer in producers for one in producer.sent]

    for turn, producer in enumerate(producers * 2):
        wait_until(lambda least=60 + 90 * turn: effects.count() >= least, "no progress")  # type: ignore[misc]
        producer.kill()
        valkey.flushall()
        if turn == 1:
            anna.kill()
        producer.start()
    effects.wait_for(sent)

    effects.check(sent)


def test_a_steady_stream_is_five_writes_a_second_for_each_process(
    produce: Produce, maintain: None, effects: Effects, valkey: redis.Redis
) -> None:
    wait_until(lambda: bool(valkey.exists("{fairlane}:journal:default")), "the first rebuild")
    leads = [f"w{n}@whale" for n in range(4)] + [f"m{n}@minnow" for n in range(4)]
    producers = [produce("web", *leads[::2], pushes=20, size=2), produce("api", *leads[1::2], pushes=20, size=2)]
    wait_until(lambda: all(producer.is_done() for producer in producers), "the producers do not end")

    rows, transactions, events, seconds = effects.watch.execute(
        "SELECT count(*), count(DISTINCT xmin::text), sum(events), "
        "extract(epoch FROM max(created_at) - min(created_at)) FROM engine_journal"
    ).fetchone()  # type: ignore[misc]
    assert events == 2 * 4 * 20 * 2
    assert rows == transactions <= len(producers) * (5 * float(seconds) + 2)
    assert rows < 0.75 * 2 * 4 * 20  # pushes of a process share them
