"""Promise 2. Exactly once: each accepted event has its effects in PostgreSQL applied exactly once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import enqueue
from engine.lanes import lanes
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event, events

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def test_events_sent_twice_while_processes_die(start: Start, effects: Effects) -> None:
    """A client repeats all it sent, because it heard no answer; the pool is killed meanwhile."""
    sent = [one for n in range(20) for one in events("whale", f"w{n}", 20)] + events("minnow", "bob", 20)
    enqueue.push(sent)
    worker = start()
    wait_until(lambda: effects.count() > 0, "no progress")
    worker.kill_children()

    enqueue.push(sent)
    effects.wait_for(sent)
    wait_until(lambda: waiting() == 0, "the repeated events stay in their lanes")

    effects.check(sent)


def test_a_node_that_stood_still_beyond_its_lease(start: Start, effects: Effects) -> None:
    """It wakes up in the middle of a transaction that another node has taken over."""
    slow = event("whale", "ada", "slow", "slow", seconds=1.5, n=0)  # a lease is 2 s: who sleeps longer is cut off
    sent = [*events("whale", "ada", 3), slow, *events("whale", "ada", 3, first=3), *events("minnow", "bob", 5)]
    enqueue.push(sent)
    zombie = start("zombie", concurrency=1)
    wait_until(lambda: stands_still(zombie, effects), "the slow event does not begin")
    start("heir", concurrency=1)
    wait_until(lambda: taken_over() > 0, "nobody takes over")

    zombie.resume()
    effects.wait_for(sent)
    wait_until(lambda: waiting() == 0, "events stay in their lanes")

    effects.check(sent)


def test_a_node_killed_between_commit_and_settlement(start: Start, effects: Effects) -> None:
    """Its outcome is lost, its effects are not: whoever gets the events next finds them done."""
    sent = [*events("whale", "ada", 50), *events("minnow", "bob", 50)]
    enqueue.push(sent)
    first = start("first")
    effects.wait_for(sent)
    wait_until(lambda: waiting() == 0, "events stay in their lanes")
    first.kill()

    enqueue.push(sent)  # as if nothing had been settled
    start("second")
    wait_until(lambda: waiting() == 0, "events stay in their lanes")

    effects.check(sent)


def stands_still(worker: Worker, effects: Effects) -> bool:
    """Whether it was caught in a transaction. Where the one that was seen had ended meanwhile, it goes on."""
    if not in_transaction(effects):
        return False
    worker.pause()
    caught = in_transaction(effects) > 0
    if not caught:
        worker.resume()
    return caught


def waiting() -> int:
    """Events in all lanes."""
    return sum(row["waiting"] for row in lanes().look()["tenants"])


def taken_over() -> int:
    """Lanes of the whale whose events are suspects: their owner was given up."""
    return sum(row["suspects"] for row in lanes().look_at("whale", 16))


def in_transaction(effects: Effects) -> int:
    """Worker connections with a transaction open."""
    row = effects.watch.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'fairlane-worker' AND xact_start IS NOT NULL AND state LIKE 'idle in%'"
    ).fetchone()
    return row[0] if row else 0
