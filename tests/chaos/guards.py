"""Takes one guard at a time away from the engine, in the process that calls it: for positive controls only.

A judge that finds nothing has shown something only if it finds these. Nothing of this is in the engine.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import redis

from engine import enqueue, keeper, lanes, ledger
from engine.executor import Executor, Report
from engine.lanes import FetchedLane, LaneOutcome, Lanes


def ledger_off() -> None:
    """Nothing remembers what was done."""
    ledger.claim = lambda connection, events: list(events)  # type: ignore[assignment]


def token_check_off() -> None:
    """A settle trims its lanes though its lease was lost."""
    settle = Lanes.settle

    def settle_anyway(self: Lanes, bundle: str, outcomes: Any, cost: Any) -> int:
        outcomes = list(outcomes)
        settled = settle(self, bundle, outcomes, cost)
        if settled == -1:
            for one in outcomes:
                self.client.ltrim(f"{self.settings.prefix}t.{one.tenant}.{one.lane}", one.done, -1)
        return settled

    Lanes.settle = settle_anyway  # type: ignore[method-assign]


def retries_on() -> None:
    """redis-py repeats every command by itself, as it does by default."""

    def connect(url: str) -> redis.Redis:
        return redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5)

    lanes.connect = connect  # type: ignore[assignment]
    keeper.connect = connect  # type: ignore[assignment,attr-defined]


def settle_first() -> None:
    """The lane is trimmed before the transaction commits."""
    fetch, execute = Lanes.fetch, Executor.execute
    now: dict[str, Any] = {}

    def remember(self: Lanes, bundle: str) -> list[FetchedLane] | None:
        now.update(lanes=self, bundle=bundle)
        return fetch(self, bundle)

    def settle_then_execute(self: Executor, fetched: Sequence[FetchedLane]) -> Report:
        done = [LaneOutcome(lane.tenant, lane.lane, len(lane.events)) for lane in fetched]
        now["lanes"].settle(now["bundle"], done, {})
        return execute(self, fetched)

    Lanes.fetch = remember  # type: ignore[method-assign]
    Executor.execute = settle_then_execute  # type: ignore[method-assign]


def renewal_off() -> None:
    """A lease ends while its bundle is still being executed."""
    keeper.Keeper._renew = lambda self: None  # type: ignore[method-assign]


def sweep_off() -> None:
    """Lost wake-up marks and expired leases are nobody's business."""
    keeper.Keeper._sweep = lambda self: None  # type: ignore[method-assign]


def attempts_off() -> None:
    """Nobody counts how often an event was begun."""
    fetch = Lanes.fetch

    def forget(self: Lanes, bundle: str) -> list[FetchedLane] | None:
        fetched = fetch(self, bundle)
        return fetched and [replace(lane, tries=0) for lane in fetched]

    Lanes.fetch = forget  # type: ignore[method-assign]


def lanes_by_chance() -> None:
    """An event's lane does not depend on its lead. For the producer."""
    chance = random.Random(1)
    enqueue.lane_of = lambda lead, count: chance.randrange(count)  # type: ignore[assignment]


@contextlib.contextmanager
def producer_guard_off(name: str) -> Any:
    """The one guard that lives in the producer, for as long as the block runs."""
    lane_of = enqueue.lane_of  # type: ignore[attr-defined]
    if name == "routing":
        lanes_by_chance()
    try:
        yield
    finally:
        enqueue.lane_of = lane_of  # type: ignore[attr-defined]


#: By the names of CHAOS_GUARDS_OFF.
GUARDS: dict[str, Callable[[], None]] = {
    "ledger": ledger_off,
    "token": token_check_off,
    "retries": retries_on,
    "settle-first": settle_first,
    "renewal": renewal_off,
    "sweep": sweep_off,
    "attempts": attempts_off,
    "routing": lanes_by_chance,
}
