"""Every step from lease to settle: the worker dies before it, or stands still there beyond its lease while others
take over and new events arrive; then the same with a second worker. Each event is done once, in its lead's order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
import redis

from engine import tasks
from engine.types import Event, encode
from tests import handler
from tests.chaos.stepping import ExecutorOfThread, Stepped, client, lanes_of_thread
from tests.events import events

PREFIX = "{fairlane}:"

#: Of a bundle of two lanes with five events: what an undisturbed worker does.
STEPS = [
    "lease", "fetch", "_execute_gen", "_enter_gen", "_execute_gen",
    *["_execute_gen"] * 5,
    "_exit_gen", "settle", "the end",
]  # fmt: skip
POINTS = range(len(STEPS))

#: What an idle engine may keep in Redis.
KEPT = {"clock:default", "cost:default", "counts", "debt:default"}


class Scene:
    """Two tenants of a run of their own, and what becomes of their events."""

    def __init__(self, number: int, valkey: redis.Redis, watch: psycopg.Connection) -> None:
        self.whale, self.minnow = f"whale{number}", f"minnow{number}"
        self.valkey = valkey
        self.watch = watch
        self.sent: list[Event] = []
        self.heir = Stepped(valkey)
        self.push(events(self.whale, "ada", 3), events(self.minnow, "bob", 2))

    def push(self, *leads: list[Event]) -> None:
        """Into the lane of each tenant."""
        for few in leads:
            self.heir.lanes.push([(few[0].tenant, 0, [encode(event) for event in few])])
            self.sent += few

    def push_more(self) -> None:
        """They must not be lost to a late settle, nor overtake."""
        first = len([event for event in self.sent if event.tenant == self.whale])
        self.push(events(self.whale, "ada", 2, first), events(self.minnow, "cyd", 1, first))

    def let_leases_end(self) -> None:
        """As if nobody had renewed them."""
        for bundle in self.valkey.zrange(PREFIX + "bundles", 0, -1):
            self.valkey.zadd(PREFIX + "bundles", {bundle: 1})

    def give_back(self) -> None:
        """As the keeper does when a process of its pool has ended."""
        bundles = [bundle.decode() for bundle in self.valkey.zrange(PREFIX + "bundles", 0, -1)]
        if bundles:
            self.heir.lanes.release(bundles, blame=True)

    def drain(self, passes: int = 60) -> None:
        """Another worker does what it can."""
        for _ in range(passes):
            for place in self.valkey.zrange(PREFIX + "later", 0, -1):
                self.valkey.zadd(PREFIX + "later", {place: 1})
            if not self.heir.work():
                return

    def check(self) -> None:
        """Everything once, in order, nothing dead, nothing left behind."""
        rows = self.watch.execute(
            "SELECT tenant_id, event_id FROM effects WHERE tenant_id = ANY (%s) ORDER BY id",
            [[self.whale, self.minnow]],
        ).fetchall()
        assert by_tenant(rows) == by_tenant([(event.tenant, event.id) for event in self.sent])
        assert self.watch.execute("SELECT tenant_id, event_id, error FROM engine_deadletter").fetchall() == []
        left = {key.decode().removeprefix(PREFIX) for key in self.valkey.keys(PREFIX + "*")}
        assert left <= KEPT
        self.heir.close()


def by_tenant(rows: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tenant, event in rows:
        found.setdefault(tenant, []).append(event)
    return found


Begin = Callable[[], Scene]


@pytest.fixture
def begin(clean: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """A new scene; the task of the engine runs with the worker of its thread."""
    monkeypatch.setattr(tasks, "lanes", lanes_of_thread)
    monkeypatch.setattr(tasks, "_executor", ExecutorOfThread())
    numbers = iter(range(10_000))
    url = os.environ["WORKER_DATABASE_URL"]
    with (
        handler.table(os.environ["OWNER_DATABASE_URL"]),
        client() as valkey,
        psycopg.connect(url, autocommit=True) as watch,
    ):

        def next_scene() -> Scene:
            valkey.flushdb()
            return Scene(next(numbers), valkey, watch)

        yield next_scene


def test_the_steps_are_these(begin: Begin) -> None:
    scene = begin()

    assert [*Stepped(scene.valkey).crash_at(len(STEPS) + 1)] == STEPS

    scene.check()


def test_a_child_that_dies_before_any_step_repeats_and_loses_nothing(begin: Begin) -> None:
    for point in POINTS:
        scene = begin()
        Stepped(scene.valkey).crash_at(point)
        scene.push_more()
        scene.give_back()
        scene.drain()
        scene.check()


def test_a_node_that_dies_before_any_step_repeats_and_loses_nothing(begin: Begin) -> None:
    for point in POINTS:
        scene = begin()
        Stepped(scene.valkey).crash_at(point)
        scene.push_more()
        scene.let_leases_end()
        scene.drain()
        scene.check()


def test_a_worker_that_stands_still_before_any_step_repeats_and_loses_nothing(begin: Begin) -> None:
    for point in POINTS:
        scene = begin()
        sleeper = Stepped(scene.valkey)
        sleeper.stop_at(point)
        scene.push_more()
        scene.let_leases_end()
        scene.drain(passes=4)  # it may wait for what the sleeper has not committed
        sleeper.go_on()
        scene.let_leases_end()
        scene.drain()
        scene.check()
        sleeper.close()


def test_two_workers_that_die_before_any_two_steps_repeat_and_lose_nothing(begin: Begin) -> None:
    for first in POINTS:
        for second in POINTS:
            scene = begin()
            Stepped(scene.valkey).crash_at(first)
            scene.let_leases_end()
            Stepped(scene.valkey).crash_at(second)
            scene.push_more()
            scene.let_leases_end()
            scene.drain()
            scene.check()


def test_two_workers_that_stand_still_before_any_two_steps_repeat_and_lose_nothing(begin: Begin) -> None:
    for first in POINTS:
        for second in POINTS:
            scene = begin()
            sleepers = [Stepped(scene.valkey), Stepped(scene.valkey)]
            for sleeper, point in zip(sleepers, (first, second), strict=True):
                sleeper.stop_at(point)
                scene.let_leases_end()
            scene.push_more()
            scene.drain(passes=2)
            for sleeper in sleepers if (first + second) % 2 else reversed(sleepers):
                sleeper.go_on()
            scene.let_leases_end()
            scene.drain()
            scene.check()
            for sleeper in sleepers:
                sleeper.close()
