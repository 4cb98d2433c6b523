"""Ordinary Celery tasks keep working beside the lanes, and may use them; a worker shuts down warm."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from engine import enqueue
from engine.lanes import lanes
from tests.acceptance import tasks
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event, events

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def note(tenant: str, lead: str, n: int) -> None:
    """An ordinary task: by position, so that the router leaves it alone."""
    tasks.note.apply_async(args=[tenant, lead, n])


def test_ordinary_tasks_run_beside_bundles(start: Start, effects: Effects, valkey: redis.Redis) -> None:
    sent = [one for n in range(10) for one in events("whale", f"w{n}", 30)]
    for n in range(20):
        note("minnow", "bob", n)
    assert valkey.llen("celery") == 20
    enqueue.push(sent)

    start()
    effects.wait_for([*sent, *(event("minnow", "bob", f"task-{n}") for n in range(20))])

    assert effects.count() == 320


def test_a_task_with_tenant_and_lead_keeps_the_order_of_the_lane(
    start: Start, effects: Effects, valkey: redis.Redis, tmp_path: Path
) -> None:
    """It waits behind the events of its lead, they behind it, also when it asks to be tried again."""
    ada, bob = events("whale", "ada", 4), events("minnow", "bob", 1)
    enqueue.push(ada[:2])
    tasks.note.apply_async(kwargs={"tenant": "whale", "lead": "ada", "n": 0})
    tasks.note_at_second_try.apply_async(
        kwargs={"tenant": "whale", "lead": "ada", "n": 1, "marker": str(tmp_path / "marker")}
    )
    enqueue.push([*ada[2:], *bob])
    assert valkey.llen("celery") == 0

    start()
    done = [event("whale", "ada", "task-0"), event("whale", "ada", "task-1")]
    effects.wait_for([*ada, *bob, *done])

    effects.check([*ada[:2], *done, *ada[2:], *bob])


def test_a_warm_shutdown_finishes_what_it_holds_and_leaves_no_lease(start: Start, effects: Effects) -> None:
    sent = [event("whale", f"w{n % 8}", f"w-{n}", "slow", seconds=0.02) for n in range(150)]
    sent += events("minnow", "bob", 5)
    enqueue.push(sent)
    worker = start()
    wait_until(lambda: effects.count() > 10, "no progress")

    assert worker.stop() == 0

    look = lanes().look()
    assert look["bundles"] == 0
    left = sum(row["waiting"] for row in look["tenants"])
    assert 0 < left == len(sent) - effects.count()  # every event is either done or waits
    assert not lanes().client.exists("{fairlane}:suspects")
    start("next")
    effects.wait_for(sent)
    effects.check(sent)


def test_a_cold_shutdown_ends_though_a_process_of_the_pool_does_not(start: Start, effects: Effects) -> None:
    """It has nothing to do, so no time limit ends it either."""
    sent = [*events("whale", "ada", 5), *events("minnow", "bob", 5)]
    enqueue.push(sent)
    worker = start()
    effects.wait_for(sent)
    os.kill(worker.children()[0], signal.SIGSTOP)

    worker.process.send_signal(signal.SIGQUIT)
    worker.process.wait(60)

    effects.check(sent)


def test_a_cold_shutdown_gives_its_leases_back(start: Start, effects: Effects) -> None:
    sent = [event("whale", f"w{n % 8}", f"w-{n}", "slow", seconds=0.02) for n in range(100)]
    sent += events("minnow", "bob", 5)
    enqueue.push(sent)
    worker = start()
    wait_until(lambda: effects.count() > 10, "no progress")

    worker.process.send_signal(signal.SIGQUIT)
    worker.process.wait(60)

    assert lanes().look()["bundles"] == 0
    start("next")
    effects.wait_for(sent)
    effects.check(sent)
