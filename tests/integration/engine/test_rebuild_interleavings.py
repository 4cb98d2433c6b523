"""The journal under random interleavings: producers that die between two steps, nodes, maintenance, and a Redis that
loses everything, or what it was given last, at any moment.

Each actor is a generator that stops wherever it would wait; a seeded chance says who goes on. Within a rebuild
and an execution the others go on too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine import control, enqueue, rebuild, spill
from engine.executor import Executor
from engine.lanes import lanes
from tests.acceptance.harness import register
from tests.integration.engine.bundles import dead, executor, ids
from tests.integration.engine.conftest import Connect
from tests.integration.engine.journalling import fresh, journal_on, lose_everything
from tests.integration.engine.spilling import (
    PREFIX,
    Node,
    buffered,
    by_lead,
    let_waits_end,
    limit,
    modes,
    orders,
    spilled_in_redis,
    tell_modes,
)

pytestmark = pytest.mark.usefixtures("effects")

Actor = Iterator[None]
SEEDS = range(20)
LEADS = (("whale", "ada"), ("whale", "eve"), ("minnow", "bob"))
EVENTS = 24  #: of each lead


class World:
    """The actors and who of them is in the middle of a step."""

    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
        self.chance = random.Random(seed)
        self.watch, self.worker = connect(), connect()
        self.actors: list[Actor] = []
        self.running: list[Actor] = []
        self.producing = len(LEADS)
        self.losses = 0
        self.accepted: list[tuple[str, str]] = []
        for module, names in ((spill, ("blind_lanes", "next_events", "close_drained")), (rebuild, ("unsettled",))):
            for name in names:
                monkeypatch.setattr(module, name, self._stopping(getattr(module, name)))
        for name in ("_put", "_note_buffered", "_last_row"):
            monkeypatch.setattr(rebuild.Rebuild, name, self._stopping(getattr(rebuild.Rebuild, name)))

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
        """Accepts in pieces; sometimes its process dies on the way, and the client sends the piece again."""
        first = 0
        while first < EVENTS:
            count = min(self.chance.randint(1, 4), EVENTS - first)
            chunk = fresh(tenant, lead, count, first=first)
            yield from self._accept(chunk)
            first += count
            self.accepted += ids(chunk)
        self.producing -= 1

    def _accept(self, chunk: Any) -> Actor:
        while True:
            lanes_of: Any = enqueue._by_lane(chunk)
            enqueue.journal().write(lanes_of)
            yield from self._pause(6)
            if self.chance.random() < 0.1:
                continue
            if self.chance.random() < 0.5:
                enqueue._untold.clear()  # another process of the same producer
            while lanes_of:
                refused = enqueue._Refused()
                told, _ = enqueue._push_direct(lanes_of, refused)
                yield from self._pause(6 if told else 0)
                lanes_of = enqueue._spill(told, False, refused)
                assert refused == enqueue._Refused()
                yield
            return

    def _pause(self, most: int) -> Actor:
        for _ in range(self.chance.randint(0, most) + 1):
            yield

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

    def maintenance(self) -> Actor:
        """Looks for losses and rebuilds; tells what it read."""
        while True:
            yield from self._pause(6)
            rebuild.guard_lanes(self.worker)
            yield
            tell_modes(self.watch)
            let_waits_end()

    def loss(self) -> Actor:
        """Redis forgets all, or goes back to what it was a while ago, as another server process."""
        while True:
            yield from self._pause(50)
            self.losses += 1
            if self.chance.random() < 0.5:
                lose_everything()
                continue
            before = _copy()
            yield from self._pause(20)
            lose_everything()
            _put_back(before)

    def pressure(self) -> Actor:
        """Comes and goes."""
        while True:
            lanes().press(self.chance.choice([0.1, 0.1, 0.9]))
            let_waits_end()
            yield from self._pause(3)


def _copy() -> dict[bytes, bytes]:
    client = lanes().client
    return {key: value for key in client.scan_iter(count=1000) if (value := client.dump(key)) is not None}


def _put_back(before: dict[bytes, bytes]) -> None:
    for key, value in before.items():
        lanes().client.restore(key, 0, value)
    if lanes().client.exists(PREFIX + "journal:default"):
        lanes().client.hset(PREFIX + "journal:default", "run", "that of the process before")


def play(world: World, make_executor: Callable[[], Executor]) -> None:
    """Until all is accepted and executed."""
    world.actors = [world.producer(tenant, lead) for tenant, lead in LEADS]
    world.actors += [world.node(make_executor()) for _ in range(3)]
    world.actors += [world.maintenance(), world.pressure(), world.loss()]
    for _ in range(20_000):
        world.step()
        if not world.producing and _is_done(world):
            break


def _is_done(world: World) -> bool:
    row = world.watch.execute("SELECT count(DISTINCT (tenant_id, event_id)) FROM effects").fetchone()
    return row == (len(world.accepted),)


def played(monkeypatch: pytest.MonkeyPatch, seed: int, connect: Connect) -> World:
    world = World(seed, monkeypatch, connect)
    limits = {"lane_limit": world.chance.randint(1, 8), "bundle_events": world.chance.randint(1, 8)}
    limit(monkeypatch, **limits)
    monkeypatch.setattr(rebuild, "ROWS_AT_ONCE", world.chance.randint(1, 4))
    play(world, lambda: executor(connect(), max_attempts=1000))
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_is_executed_once_and_in_order(
    seed: int, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    control._lane_counts.clear()
    register("whale", "minnow")
    for tenant in ("whale", "minnow"):
        monkeypatch.setitem(control._lane_counts, tenant, 1)
    with journal_on(monkeypatch):
        with monkeypatch.context() as patch:
            world = played(patch, seed, connect)
        assert orders(world.watch) == by_lead(world.accepted)
        assert (dead(world.watch), world.losses > 0) == ([], True)

        lanes().press(0)
        for _ in range(6):
            rebuild.guard_lanes(world.worker)
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
