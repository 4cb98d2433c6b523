"""Promise 3. Nothing accepted is lost: kill -9 of any process at any moment loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from engine import enqueue
from engine.embedded import Servers
from engine.errors import BrokerDown
from engine.types import Event
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def stream(count: int) -> list[Event]:
    """Slow enough that whatever is killed is killed at work."""
    who = [("whale", "w1"), ("whale", "w2"), ("minnow", "m1"), ("whale", "w3")]
    return [
        event(tenant, lead, f"{lead}-{n}", "slow", n=n, seconds=0.004)
        for n in range(count // len(who))
        for tenant, lead in who
    ]


def accept(sent: Sequence[Event]) -> None:
    """As a producer does: what was not accepted for sure is sent again."""

    def accepted() -> bool:
        try:
            enqueue.push(sent)
        except BrokerDown:
            return False
        return True

    wait_until(accepted, "nothing is accepted")


def test_worker_nodes_are_killed(start: Start, effects: Effects) -> None:
    sent = stream(600)
    victim = start("first")
    start("steady")

    accept(sent[:300])
    wait_until(lambda: effects.count() > 20, "no progress")
    victim.kill()
    accept(sent[300:])
    again = start("second")
    wait_until(lambda: effects.count() > 200, "no progress")
    again.kill()
    effects.wait_for(sent)

    effects.check(sent)


@pytest.mark.usefixtures("maintain")
def test_the_broker_is_killed(start: Start, effects: Effects, servers: Servers) -> None:
    sent = stream(600)
    start()
    for first in range(0, 600, 100):
        accept(sent[first : first + 100])
        if first % 200 == 100:
            servers.valkey.kill()
            servers.valkey.start()
    effects.wait_for(sent)

    effects.check(sent)


def test_the_database_is_killed(start: Start, effects: Effects, servers: Servers) -> None:
    sent = stream(400)
    start()
    accept(sent)
    wait_until(lambda: effects.count() > 20, "no progress")

    servers.postgres.kill()
    servers.postgres.start()
    effects.reconnect()
    effects.wait_for(sent)

    effects.check(sent)
    assert effects.dead() == set()


def test_all_are_killed_at_once(start: Start, effects: Effects, servers: Servers) -> None:
    sent = stream(400)
    worker = start("first")
    accept(sent)
    wait_until(lambda: effects.count() > 20, "no progress")

    worker.kill()
    servers.valkey.kill()
    servers.postgres.kill()
    servers.postgres.start()
    servers.valkey.start()
    effects.reconnect()
    start("second")
    effects.wait_for(sent)

    effects.check(sent)
    assert effects.dead() == set()
