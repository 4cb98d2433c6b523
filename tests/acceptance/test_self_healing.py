"""Promise 6. Self-healing: a dead or stuck worker, a lost connection, a poisoned event or a lost wake-up
needs no person. One bad event costs only its own lead, never its batch, its lane or its tenant.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from engine import enqueue
from engine.celery import app
from engine.embedded import Servers
from engine.lanes import lanes
from engine.routing import lane_of
from engine.types import Event
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event, events

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def neighbours(of: str, per_lead: int = 5) -> list[Event]:
    """Events of both tenants, some of them in the same lane as a lead's."""
    same = [f"n{n}" for n in range(200) if lane_of(f"n{n}", 16) == lane_of(of, 16)][:3]
    others = [f"o{n}" for n in range(5)]
    return [one for lead in [*same, *others] for one in events("whale", lead, per_lead)] + [
        one for lead in others for one in events("minnow", lead, per_lead)
    ]


@pytest.mark.parametrize("poison", ["fail", "exit", "loop", "swallow"])
def test_a_poisoned_event_costs_only_itself(start: Start, effects: Effects, poison: str) -> None:
    """It raises; it ends its process; it never ends; it breaks its transaction and hides that."""
    bad = event("whale", "eve", "poison", poison)
    others = neighbours("eve")
    eve = events("whale", "eve", 6)
    sent = [*others[: len(others) // 2], *eve[:3], bad, *eve[3:], *others[len(others) // 2 :]]
    enqueue.push(sent)

    start(FAIRLANE_RUN_SECONDS="1")
    effects.wait_for([*others, *eve])
    wait_until(lambda: effects.dead() == {("whale", "poison")}, "the poison is no dead letter")

    effects.check([one for one in sent if one is not bad])
    assert_quiet()


def test_bytes_that_are_no_event_cost_only_themselves(start: Start, effects: Effects) -> None:
    eve, others = events("whale", "eve", 4), neighbours("eve")
    lane = lane_of("eve", 16)
    enqueue.push(eve[:2])
    lanes().push([("whale", lane, [b"\x00\xff no event", b"{}", b""])])
    enqueue.push([*eve[2:], *others])

    start()
    effects.wait_for([*others, *eve])

    effects.check([*eve, *others])
    rows = effects.watch.execute("SELECT tenant_id, lane, payload FROM engine_deadletter ORDER BY id").fetchall()
    assert rows == [("whale", lane, b"\x00\xff no event"), ("whale", lane, b"{}"), ("whale", lane, b"")]
    assert_quiet()


def test_a_killed_process_of_the_pool_is_replaced(start: Start, effects: Effects) -> None:
    sent = slow_events(40)
    worker = start()
    enqueue.push(sent)

    wait_until(lambda: effects.count() > 3, "no progress")
    worker.kill_children()
    effects.wait_for(sent)

    effects.check(sent)
    assert_quiet()


def test_a_killed_node_is_replaced_by_the_others_after_its_lease(start: Start, effects: Effects) -> None:
    sent = slow_events(60)
    victim = start("victim")
    enqueue.push(sent)
    wait_until(lambda: effects.count() > 3, "no progress")
    victim.kill()

    start("heir")
    effects.wait_for(sent)

    effects.check(sent)
    assert_quiet()


def test_a_node_that_stood_still_goes_on(start: Start, effects: Effects) -> None:
    sent = slow_events(60)
    sleeper = start("sleeper")
    enqueue.push(sent)
    wait_until(lambda: effects.count() > 3, "no progress")
    sleeper.pause()
    heir = start("heir")
    wait_until(lambda: executed_by(effects, heir), "nobody takes over")

    sleeper.resume()
    effects.wait_for(sent)
    heir.kill()
    more = slow_events(20, first=60)
    enqueue.push(more)
    effects.wait_for(more)

    effects.check([*sent, *more])
    assert_quiet()


def test_the_lanes_of_a_node_that_stands_still_in_a_transaction_go_on_soon_after_its_lease(
    start: Start, effects: Effects
) -> None:
    """Its keys in the ledger are taken and not committed; PostgreSQL ends it when the lease is over too."""
    sent = slow_events(60)
    sleeper = start("sleeper")
    enqueue.push(sent)
    wait_until(lambda: effects.count() > 3, "no progress")
    pause_in_a_transaction(sleeper, effects)
    heir = start("heir")

    took = wait_until(lambda: effects.count() == len(sent), "the lanes wait for who stands still", seconds=20)
    assert took < 15, "that is PostgreSQL's thirty seconds"
    sleeper.resume()
    more = slow_events(20, first=60)
    enqueue.push(more)
    effects.wait_for(more)
    heir.kill()
    last = slow_events(20, first=80)
    enqueue.push(last)
    effects.wait_for(last)

    effects.check([*sent, *more, *last])
    assert effects.dead() == set()
    assert_quiet()


def pause_in_a_transaction(worker: Worker, effects: Effects) -> None:
    """Stop the node while one of its transactions waits for its process."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fairlane-worker'"
        " AND state = 'idle in transaction' AND backend_xid IS NOT NULL"
    )

    def stopped_within() -> bool:
        worker.pause()
        if effects.watch.execute(query).fetchone() != (0,):
            return True
        worker.resume()
        return False

    wait_until(stopped_within, "it is never caught in a transaction")


def test_a_release_whose_every_event_fails_buries_next_to_nothing(
    start: Start, effects: Effects, tmp_path: Path
) -> None:
    """The node says so, keeps every lane in its order, and goes on by itself when the fault is mended."""
    fault = tmp_path / "fault"
    fault.touch()
    leads = [(tenant, f"{tenant}-{n}") for tenant in ("whale", "minnow") for n in range(30)]
    sent = [
        event(tenant, lead, f"{lead}-{n}", "released", n=n, fault=str(fault))
        for n in range(4)
        for tenant, lead in leads
    ]
    enqueue.push(sent)

    start()
    wait_until(lambda: bool(lanes().breakers()), "nobody says that everything fails")
    wait_until(breakers_in_stats, "`celery inspect stats` does not show it")
    fault.unlink()
    effects.wait_for([one for one in sent if (one.tenant, one.id) not in effects.dead()])

    buried = [one for one in sent if (one.tenant, one.id) in effects.dead()]
    assert len(buried) <= 2 * 2 * 2 * 5 + 4, "a child buries two of a lane, five lanes of a tenant"
    effects.check([one for one in sent if one not in buried])
    wait_until(lambda: not lanes().breakers(), "it stays open")
    assert_quiet()


def breakers_in_stats() -> bool:
    """Whether a node tells of breakers."""
    with app.connection_for_write() as connection:  # one of the pool may be of before the broker was restarted
        stats = app.control.inspect(timeout=2, connection=connection).stats() or {}
    return any("KeyError" in words for node in stats.values() for words in node["lanes"]["breakers"].values())


def test_lost_connections_to_the_database_are_made_anew(start: Start, effects: Effects) -> None:
    sent = slow_events(60)
    start()
    enqueue.push(sent)
    for done in (5, 20):
        wait_until(lambda done=done: effects.count() > done, "no progress")  # type: ignore[misc]
        effects.watch.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fairlane-worker'"
        )
    effects.wait_for(sent)

    effects.check(sent)
    assert effects.dead() == set()
    assert_quiet()


def test_a_broker_that_was_away_is_found_again(start: Start, effects: Effects, servers: Servers) -> None:
    sent = slow_events(60)
    worker = start()
    enqueue.push(sent)
    wait_until(lambda: effects.count() > 3, "no progress")

    servers.valkey.stop()
    wait_until(lambda: b"lanes" in worker.log.read_bytes() and b"rror" in worker.log.read_bytes(), "nobody notices")
    servers.valkey.start()
    effects.wait_for(sent)

    effects.check(sent)
    assert effects.dead() == set()
    assert_quiet()


def test_a_lost_wake_up_is_repaired(start: Start, effects: Effects, valkey: redis.Redis) -> None:
    """A node popped the mark and died: nobody has heard of the events."""
    victim = start("victim")
    victim.pause()
    sent = [event("whale", "ada", "1"), event("minnow", "bob", "1")]
    enqueue.push(sent)
    assert valkey.llen("lanes") == 0
    victim.kill()

    start("second", concurrency=1)
    effects.wait_for(sent)

    effects.check(sent)


def slow_events(count: int, first: int = 0) -> list[Event]:
    """Of two tenants and six leads, 20 ms each."""
    who = [("whale", "w1"), ("whale", "w2"), ("whale", "w3"), ("minnow", "m1"), ("minnow", "m2"), ("minnow", "m3")]
    return [
        event(tenant, lead, f"{lead}-{n}", "slow", n=n, seconds=0.02)
        for n in range(first // 6, (first + count) // 6)
        for tenant, lead in who
    ]


def executed_by(effects: Effects, worker: Worker) -> bool:
    """Whether a process of this node did something."""
    query = "SELECT EXISTS (SELECT FROM effects WHERE process = ANY (%s))"
    return effects.watch.execute(query, [worker.children()]).fetchone() == (True,)


def assert_quiet() -> None:
    """Nothing is leased, suspected or waits any more."""

    def quiet() -> bool:
        look = lanes().look()
        return (look["tenants"], look["total"], look["bundles"]) == ([], 0, 0)

    wait_until(quiet, "something is left in the lanes")
    assert not lanes().client.exists("{fairlane}:suspects", "{fairlane}:attempts", "{fairlane}:later")
