"""Elasticity: pools grow and shrink, nodes come and go, Redis restarts twenty times; the work goes on, each event
executed once and in order.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import enqueue
from engine.celery import app
from engine.embedded import Servers
from engine.lanes import lanes
from engine.types import Event
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event

Start = Callable[..., Worker]

#: A node that joins has work so soon.
JOIN_SECONDS = 2.0


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def work(turns: int, first: int = 0, seconds: float = 0.01) -> list[Event]:
    """Of twelve leads of the whale and four of the minnow, in turns."""
    who = [("whale", f"w{n}") for n in range(12)] + [("minnow", f"m{n}") for n in range(4)]
    return [
        event(tenant, lead, f"{lead}-{n}", "slow", n=n, seconds=seconds)
        for n in range(first, first + turns)
        for tenant, lead in who
    ]


def processes(effects: Effects) -> set[int]:
    """Who has executed something."""
    return {pid for (pid,) in effects.watch.execute("SELECT DISTINCT process FROM effects").fetchall()}


def test_autoscale_adds_processes_that_work_and_takes_them_away(start: Start, effects: Effects) -> None:
    sent = work(30, seconds=0.02)
    worker = start(options=["--autoscale=3,1"])
    assert len(worker.children()) == 1
    enqueue.push(sent)

    wait_until(lambda: len(worker.children()) == 3, "the pool does not grow")
    children = set(worker.children())
    effects.wait_for(sent)

    assert processes(effects) == children
    effects.check(sent)
    assert lanes().look()["bundles"] == 0


def test_a_pool_grows_and_shrinks_when_it_is_told(start: Start, effects: Effects) -> None:
    sent = work(60, seconds=0.01)
    worker = start(concurrency=1)
    node = [f"{worker.log.stem}@test"]
    enqueue.push(sent[:320])
    wait_until(lambda: effects.count() > 0, "no progress")

    (answer,) = app.control.pool_grow(2, destination=node, reply=True, timeout=20)
    assert "ok" in answer[node[0]]
    wait_until(lambda: len(worker.children()) == 3, "the pool does not grow")
    grown = set(worker.children())
    wait_until(lambda: grown <= processes(effects), "who was added has nothing to do")
    enqueue.push(sent[320:])
    for size in (2, 1):
        wait_until(lambda: shrinks(node), "the pool does not shrink")
        wait_until(lambda size=size: len(worker.children()) == size, "the pool does not shrink")  # type: ignore[misc]
    effects.wait_for(sent)

    effects.check(sent)
    assert effects.dead() == set()
    assert worker.process.poll() is None
    wait_until(lambda: lanes().look()["bundles"] == 0, "a lease is left")


def shrinks(node: list[str]) -> bool:
    """By one process. Celery refuses while all of them are busy, whatever they execute: one asks again."""
    (answer,) = app.control.pool_shrink(1, destination=node, reply=True, timeout=20)
    refused = answer[node[0]].get("error", "")
    assert not refused or "All processes busy" in refused
    return not refused


def test_a_node_that_joins_has_work_at_once(start: Start, effects: Effects) -> None:
    sent = work(150)
    enqueue.push(sent)
    start("anna")
    wait_until(lambda: effects.count() > 20, "no progress")

    boris = start("boris")
    seconds = wait_until(lambda: bool(processes(effects) & set(boris.children())), "boris has no work")

    assert seconds < JOIN_SECONDS
    assert effects.count() < len(sent)
    effects.wait_for(sent)
    effects.check(sent)


def test_a_node_that_leaves_finishes_what_it_holds_and_others_go_on(start: Start, effects: Effects) -> None:
    sent = work(120)
    enqueue.push(sent)
    anna, boris = start("anna"), start("boris")
    leaving = set(anna.children())
    wait_until(lambda: bool(processes(effects) & leaving), "anna has no work")

    assert anna.stop() == 0

    owners = {row["owner"] for tenant in ("whale", "minnow") for row in lanes().look_at(tenant, 16)}
    assert not {owner for owner in owners if owner.endswith(f":{anna.process.pid}")}
    left = effects.count()
    assert left < len(sent)
    effects.wait_for(sent)
    effects.check(sent)
    assert not lanes().client.exists("{fairlane}:suspects")
    assert boris.process.poll() is None


@pytest.mark.usefixtures("maintain")
def test_a_worker_outlives_twenty_restarts_of_the_broker(start: Start, effects: Effects, servers: Servers) -> None:
    """After each it has to lease and execute again, not only to be there."""
    sent: list[Event] = []
    worker = start()
    for restart in range(20):
        before, more = effects.count(), work(2, first=2 * restart)
        sent += more
        enqueue.push(more[:16])
        (servers.valkey.kill if restart % 2 else servers.valkey.stop)()
        enqueue.push(more[16:])  # into PostgreSQL
        servers.valkey.start()
        wait_until(lambda before=before: effects.count() > before, f"no progress after restart {restart}")  # type: ignore[misc]
        assert worker.process.poll() is None, worker.tail()
    effects.wait_for(sent)

    effects.check(sent)
    assert effects.dead() == set()
    assert worker.process.poll() is None
