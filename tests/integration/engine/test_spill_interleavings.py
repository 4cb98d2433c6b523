"""Back pressure under random interleavings: producers, nodes, maintenance and late words, step by step.

Each actor is a generator that stops wherever it would wait for Redis or PostgreSQL; a seeded chance says
who goes on. Within an execution the others go on too, between its reads and its commits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest

from engine import control, enqueue, spill
from engine.answers import Mode
from engine.executor import Executor
from engine.lanes import lanes
from tests.acceptance.harness import register
from tests.integration.engine.bundles import dead, executor, ids
from tests.integration.engine.conftest import Connect
from tests.integration.engine.spilling import (
    PREFIX,
    Node,
    buffered,
    by_lead,
    let_waits_end,
    limit,
    modes,
    numbered,
    orders,
    spilled_in_redis,
    tell_modes,
)

pytestmark = pytest.mark.usefixtures("effects")

Actor = Iterator[None]
SEEDS = range(30)
LEADS = (("whale", "ada"), ("whale", "eve"), ("minnow", "bob"))
EVENTS = 30  #: of each lead

#: Points of an execution at which others go on.
STOPS = ("blind_lanes", "next_events", "close_drained")


class World:
    """The actors and who of them is in the middle of a step."""

    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch, watch: psycopg.Connection) -> None:
        self.chance = random.Random(seed)
        self.outages = seed % 3 == 0  #: blind lanes are put in order by time, which hides much
        self.watch = watch
        self.actors: list[Actor] = []
        self.running: list[Actor] = []
        self.producing = len(LEADS)
        self.accepted: list[tuple[str, str]] = []
        self.words: list[Sequence[Mode]] = []  #: on their way to Redis
        monkeypatch.setattr(enqueue, "_tell", self.words.append)
        for name in STOPS:
            monkeypatch.setattr(spill, name, self._stopping(getattr(spill, name)))

    def _stopping(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def stopped(*args: Any) -> Any:
            self.step()
            result = function(*args)
            self.step()
            return result

        return stopped

    def step(self) -> None:
        """One of those that can go on goes on; three deep, or a turn would never end."""
        ready = [actor for actor in self.actors if actor not in self.running]
        if not ready or len(self.running) >= 3:
            return
        actor = self.chance.choice(ready)
        self.running.append(actor)
        try:
            next(actor)
        except StopIteration:
            self.actors.remove(actor)
        finally:
            self.running.remove(actor)

    # The actors

    def producer(self, tenant: str, lead: str) -> Actor:
        """Accepts in pieces; sometimes Redis does not answer it, or its answer is lost."""
        first = 0
        while first < EVENTS:
            count = min(self.chance.randint(1, 5), EVENTS - first)
            chunk = numbered(tenant, lead, count, first=first)
            first += count
            self.accepted += ids(chunk)
            yield from self._pause(3)
            lanes_of: Any = enqueue._by_lane(chunk)
            while lanes_of:
                refused = enqueue._Refused()
                told, sure = self._push(lanes_of, refused)
                yield from self._pause(10 if told else 0)
                lanes_of = enqueue._spill(told, sure, refused)
                assert not refused.full
                yield
        self.producing -= 1

    def _pause(self, most: int) -> Actor:
        for _ in range(self.chance.randint(0, most) + 1):
            yield

    def _push(self, lanes_of: Any, refused: Any) -> Any:
        fate = self.chance.random() if self.outages else 0
        if fate > 0.9:
            return enqueue._orders(lanes_of, [None] * len(lanes_of), refused), False
        if self.chance.random() < 0.5:
            enqueue._untold.clear()  # another process of the same producer
        told = enqueue._push_direct(lanes_of, refused)
        return (enqueue._orders(lanes_of, [None] * len(lanes_of), refused), False) if fate > 0.85 else told

    def node(self, work: Executor) -> Actor:
        """Works; sometimes it crashes, or stands still until somebody else has its lanes."""
        node = Node(work)
        while True:
            yield
            if not node.lease():
                continue
            yield
            fetched = node.fetch()
            if self.chance.random() < 0.15:
                lanes().client.zadd(PREFIX + "bundles", {node.bundle: 1}, xx=True)
                yield from self._pause(12)
            report = work.execute(fetched)
            yield
            if self.chance.random() < 0.15:
                lanes().client.zadd(PREFIX + "bundles", {node.bundle: 1}, xx=True)
                continue
            node.settle(report)

    def courier(self) -> Actor:
        """Words reach Redis in any order, late or never."""
        while True:
            if len(self.words) > self.chance.randint(0, 4):
                word = self.words.pop(self.chance.randrange(len(self.words)))
                if self.chance.random() < 0.8:
                    lanes().tell_modes(word)
            yield from self._pause(2)

    def maintenance(self) -> Actor:
        """Reads, and tells later what it read."""
        while True:
            parts = list(spill.modes_in_spill(self.watch, blind=self.outages and self.chance.random() < 0.5))
            yield from self._pause(5)
            lanes().tell_modes([mode for part in parts for mode in part])
            let_waits_end()
            yield from self._pause(30)

    def pressure(self) -> Actor:
        """Comes and goes."""
        while True:
            lanes().press(self.chance.choice([0.1, 0.1, 0.9]))
            let_waits_end()
            yield from self._pause(3)


def play(world: World, make_executor: Callable[[], Executor]) -> None:
    """Until all is accepted and executed."""
    world.actors = [world.producer(tenant, lead) for tenant, lead in LEADS]
    world.actors += [world.node(make_executor()) for _ in range(3)]
    world.actors += [world.courier(), world.maintenance(), world.pressure()]
    for _ in range(20_000):
        world.step()
        if not world.producing and _is_done(world):
            break


def _is_done(world: World) -> bool:
    row = world.watch.execute("SELECT count(DISTINCT (tenant_id, event_id)) FROM effects").fetchone()
    return row == (len(world.accepted),)


def played(monkeypatch: pytest.MonkeyPatch, seed: int, connect: Connect) -> World:
    control._lane_counts.clear()
    register("whale", "minnow")
    for tenant in ("whale", "minnow"):
        monkeypatch.setitem(control._lane_counts, tenant, 1)
    world = World(seed, monkeypatch, connect())
    limit(monkeypatch, lane_limit=world.chance.randint(1, 5), bundle_events=world.chance.randint(1, 8))
    play(world, lambda: executor(connect(), max_attempts=1000))
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_is_executed_once_and_in_order(
    seed: int, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        world = played(patch, seed, connect)
    assert orders(world.watch) == by_lead(world.accepted)
    assert dead(world.watch) == []

    lanes().press(0)
    for _ in range(4):
        lanes().sweep(["default"])
        for bundle in lanes().client.zrange(PREFIX + "bundles", 0, -1):
            lanes().release([bundle.decode()], blame=False)
        tell_modes(world.watch)
        let_waits_end()
        Node(executor(connect(), max_attempts=1000)).work()
    assert (buffered(world.watch), spilled_in_redis()) == ([], {})
    assert not any(spilled for spilled, *_ in modes(world.watch).values())
    assert lanes().client.keys(PREFIX + "t.*") == []
    assert orders(world.watch) == by_lead(world.accepted)
