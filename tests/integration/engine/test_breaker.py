"""A release whose every event fails, a tenant whose every event fails, and one bad lane: what is buried, what waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import psycopg
import pytest

from engine import enqueue
from engine.breaker import Breaker
from engine.lanes import lanes
from engine.types import Event, Handled
from tests import handler
from tests.acceptance.harness import register
from tests.events import event, events
from tests.integration.engine.bundles import Connect, dead, effects, executor
from tests.integration.engine.spilling import Node, by_lead, let_waits_end

pytestmark = pytest.mark.usefixtures("effects")

TENANTS = [f"tenant{n}" for n in range(12)]
Broken = Callable[[Event], bool]


class Release:
    """A handler with a fault, until it is mended."""

    def __init__(self, broken: Broken) -> None:
        self.broken = broken

    def __call__(self, connection: psycopg.Connection, todo: Sequence[Event], now: datetime) -> Handled:
        if any(self.broken(one) for one in todo):
            raise KeyError("a column is missing")
        return handler.handle(connection, todo, now)

    def mend(self) -> None:
        self.broken = lambda one: False


@pytest.fixture
def make(connect: Connect) -> Callable[..., tuple[Node, Release]]:
    def make(broken: Broken, **settings: object) -> tuple[Node, Release]:
        release = Release(broken)
        return Node(executor(connect(), release, **settings)), release

    return make


def backlog(tenants: Sequence[str]) -> list[Event]:
    """Ten leads each, some of which share a lane, with five events each."""
    register(*tenants)
    sent = [one for tenant in tenants for lead in range(10) for one in events(tenant, f"{tenant}-{lead}", 5)]
    enqueue.push(sent)
    return sent


def turns(node: Node, count: int = 60) -> None:
    """So many bundles, with the waits that set in."""
    for _ in range(count):
        if not node.turn():
            let_waits_end()
            lanes().sweep(["default"])


def finish(node: Node) -> None:
    while lanes().look()["total"]:
        turns(node, 5)


def check(watch: psycopg.Connection, sent: Sequence[Event]) -> set[tuple[str, str]]:
    """Everything else was done in its order. Returns what was buried."""
    buried = {(row[0], row[3]) for row in dead(watch)}
    rest = [(one.tenant, one.id) for one in sent if (one.tenant, one.id) not in buried]
    assert by_lead(effects(watch)) == by_lead(rest)
    return buried


def test_when_everything_fails_next_to_nothing_is_buried(
    make: Callable[..., tuple[Node, Release]], watch: psycopg.Connection
) -> None:
    node, release = make(lambda one: True)
    sent = backlog(TENANTS)

    turns(node)
    assert len(dead(watch)) <= 20
    assert "every tenant's events fail" in node.executor.breaker.words()
    release.mend()
    finish(node)

    assert len(check(watch, sent)) <= 20
    assert node.executor.breaker.words() == ""


def test_without_the_breaker_everything_would_be_buried(
    make: Callable[..., tuple[Node, Release]], watch: psycopg.Connection
) -> None:
    node, _ = make(lambda one: True, breaker=Breaker(10**9))
    sent = backlog(TENANTS[:2])

    finish(node)

    assert len(dead(watch)) == len(sent)


def test_a_tenant_whose_every_event_fails_waits_and_the_others_go_on(
    make: Callable[..., tuple[Node, Release]], watch: psycopg.Connection
) -> None:
    node, release = make(lambda one: one.tenant == "tenant0")
    sent = backlog(TENANTS)
    others = [one for one in sent if one.tenant != "tenant0"]

    turns(node)
    assert len(effects(watch)) == len(others)
    assert len(dead(watch)) <= 10
    assert node.executor.breaker.words().startswith("all events of tenant0 fail: KeyError")
    release.mend()
    finish(node)

    assert {tenant for tenant, _ in check(watch, sent)} == {"tenant0"}


def test_bad_events_among_good_ones_are_buried_each(
    make: Callable[..., tuple[Node, Release]], watch: psycopg.Connection
) -> None:
    """A lead whose events all fail in one lane, and one bad event in each of nine others."""
    node, _ = make(lambda one: one.type == "bad")
    sent = backlog(TENANTS[:2])
    bad = [event("tenant0", "tenant0-0", f"bad-{n}", "bad") for n in range(9)]
    bad += [event("tenant1", f"tenant1-{n}", f"bad-{n}", "bad") for n in range(9)]
    more = [one for lead in range(10) for one in events("tenant1", f"tenant1-{lead}", 3, first=5)]
    enqueue.push([*bad, *more])

    finish(node)

    assert check(watch, [*sent, *more]) == {(one.tenant, one.id) for one in bad}
    assert node.executor.breaker.words() == ""


def test_a_lane_that_waits_for_the_mending_is_not_suspected(
    make: Callable[..., tuple[Node, Release]], watch: psycopg.Connection
) -> None:
    """Else a node would come back with a bundle for every single event."""
    node, _ = make(lambda one: True)
    backlog(TENANTS)

    node.work()

    assert lanes().client.zcard("{fairlane}:later") > 50
    assert not lanes().client.exists("{fairlane}:suspects")


def test_what_a_process_says_is_seen_until_it_takes_it_back_or_is_gone(clean: None) -> None:
    lanes().tell_breaker("node:1", "every tenant's events fail: KeyError: 'total'")
    lanes().tell_breaker("node:2", "all events of whale fail: ValueError: ü")
    lanes().client.hset("{fairlane}:breakers", "node:3", "1000 said long ago")
    assert lanes().breakers() == {
        "node:1": "every tenant's events fail: KeyError: 'total'",
        "node:2": "all events of whale fail: ValueError: ü",
    }

    lanes().tell_breaker("node:1", "")

    assert list(lanes().breakers()) == ["node:2"]
    assert lanes().client.hkeys("{fairlane}:breakers") == [b"node:2"]
