"""What the crash points are played on: events of two tenants, and what becomes of them."""

from __future__ import annotations

import dataclasses

import psycopg
import redis
from django.db import Error as DatabaseError

from engine import spill
from engine.spill import Order
from engine.types import Event, encode
from tests.chaos.stepping import Stepped
from tests.events import events

PREFIX = "{fairlane}:"

#: What an idle engine may keep in Redis.
KEPT = {"clock:default", "cost:default", "counts", "debt:default", "epochs"}


class Scene:
    """Two tenants of a run of their own, and what becomes of their events."""

    first = (3, 2)  #: events of each

    def __init__(self, number: int, valkey: redis.Redis, watch: psycopg.Connection) -> None:
        self.whale, self.minnow = f"whale{number}", f"minnow{number}"
        self.valkey = valkey
        self.watch = watch
        self.sent: list[Event] = []
        self.heir = Stepped(valkey)
        whales, minnows = self.first
        self.push(events(self.whale, "ada", whales), events(self.minnow, "bob", minnows))

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


class SpilledScene(Scene):
    """The first events of both are in the buffer, and nothing is in Redis."""

    first = (2, 1)

    def __init__(self, number: int, valkey: redis.Redis, watch: psycopg.Connection) -> None:
        self.lane_limit = 0  #: of the lanes in Redis
        self.late: list[list[Event]] = []
        super().__init__(number, valkey, watch)
        self.lane_limit = 2

    def push(self, *leads: list[Event]) -> None:
        """As a producer does; it comes again later when a worker holds the lane's row."""
        for few in leads:
            if self.late or not self._is_accepted(few):
                self.late.append(few)
            else:
                self.sent += few

    def _is_accepted(self, few: list[Event]) -> bool:
        tenant, lanes = few[0].tenant, self.heir.lanes
        lanes.settings = dataclasses.replace(lanes.settings, lane_limit=self.lane_limit)
        (answer,) = lanes.push([(tenant, 0, [encode(event) for event in few])])
        if answer >= 0:
            return True
        try:
            accepted = spill.accept(tenant, [Order(0, few, -1 - answer)], 100)
        except DatabaseError:
            return False
        lanes.tell_modes(accepted.modes)
        return self._is_accepted(few) if accepted.stale else True

    def drain(self, passes: int = 60) -> None:
        """First what could not be accepted before."""
        late, self.late = self.late, []
        self.push(*late)
        super().drain(passes)

    def check(self) -> None:
        """And the lanes are direct again."""
        super().check()
        in_spill = "SELECT FROM engine_lanemode WHERE spill UNION ALL SELECT FROM engine_spill"
        assert self.late == self.watch.execute(in_spill).fetchall() == []


def by_tenant(rows: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tenant, event in rows:
        found.setdefault(tenant, []).append(event)
    return found
