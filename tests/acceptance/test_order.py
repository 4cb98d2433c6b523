"""Promise 1. Order: for each lead, effects are applied in the order in which its events were accepted;
also after a retry, a worker crash, a broker restart.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import enqueue
from engine.embedded import Servers
from engine.types import Event
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event, events

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def crowd(per_lead: int, **data: object) -> list[Event]:
    """Events of 20 leads of the whale and 5 of the minnow, one lead after another in turns."""
    leads = [("whale", f"w{number}") for number in range(20)] + [("minnow", f"m{number}") for number in range(5)]
    kind = "slow" if "seconds" in data else "purchase"
    return [
        event(tenant, lead, f"{lead}-{turn}", kind, n=turn, **data)
        for turn in range(per_lead)
        for tenant, lead in leads
    ]


def test_many_leads_on_two_nodes(start: Start, effects: Effects) -> None:
    sent = crowd(40)
    start("anna")
    start("boris")

    for first in range(0, len(sent), 37):
        enqueue.push(sent[first : first + 37])
    effects.wait_for(sent)

    effects.check(sent)


def test_a_retry_holds_back_what_comes_after_it(start: Start, effects: Effects, tmp_path: Path) -> None:
    again = [event("whale", "ada", f"again-{n}", "retry-once", marker=str(tmp_path / f"marker{n}")) for n in range(3)]
    ada = [*events("whale", "ada", 3), again[0], *events("whale", "ada", 3, first=3), *again[1:]]
    bob = events("minnow", "bob", 5)
    enqueue.push([*ada, *bob])
    start()

    effects.wait_for([*ada, *bob])

    effects.check([*ada, *bob])


def test_processes_die_at_work(start: Start, effects: Effects) -> None:
    sent = crowd(12, seconds=0.002)
    enqueue.push(sent)
    workers = [start("anna"), start("boris")]

    for limit in (20, 80, 160):
        wait_until(lambda limit=limit: effects.count() > limit, "no progress")  # type: ignore[misc]
        workers[limit % 3 % 2].kill_children()
    effects.wait_for(sent)

    effects.check(sent)


def test_the_broker_restarts(start: Start, effects: Effects, servers: Servers) -> None:
    sent = crowd(12, seconds=0.002)
    enqueue.push(sent)
    start()

    wait_until(lambda: effects.count() > 20, "no progress")
    servers.valkey.kill()
    servers.valkey.start()
    effects.wait_for(sent)

    effects.check(sent)
