"""Takes one guard at a time away from the engine, in the process that calls it: for positive controls only.

A judge that finds nothing has shown something only if it finds these. Nothing of this is in the engine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import redis
from redis.commands.core import Script

from engine import enqueue, keeper, lanes, lanework, ledger, spill
from engine.executor import Executor, Report
from engine.lanes import FetchedLane, LaneOutcome, Lanes
from engine.spill import Answer, Order


def ledger_off() -> None:
    """Nothing remembers what was done."""
    ledger.claim = lambda connection, events: list(events)  # type: ignore[assignment]


def token_check_off() -> None:
    """A settle trims its lanes though its lease was lost."""
    settle = Lanes.settle

    def settle_anyway(self: Lanes, bundle: str, outcomes: Any, *more: Any) -> int:
        outcomes = list(outcomes)
        settled = settle(self, bundle, outcomes, *more)
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


# -- of back pressure


class AnyEpoch(int):
    """An epoch that no other differs from."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


def producers_epoch_off() -> None:
    """What was to be spilled is spilled, also when the lane has gone direct since."""
    accept = spill.accept

    def accept_anyway(tenant: str, orders: Sequence[Order], limit: int, **more: bool) -> Answer:
        known = [one if one.epoch is None else replace(one, epoch=AnyEpoch(one.epoch)) for one in orders]
        return accept(tenant, known, limit, **more)

    spill.accept = accept_anyway


def holders_epoch_off() -> None:
    """Who leased a lane for its buffer takes from it, also when the lane has been direct since."""
    _edit_query("select_events_next", " AND m.epoch = w.epoch")


def look_before_direct_off() -> None:
    """A lane goes direct though its buffer is not empty."""
    _edit_query("update_modes_to_direct_if_empty", " AND engine_spill_first(m) IS NULL")


def _edit_query(name: str, part: str) -> None:
    text = spill.QUERIES[name]
    assert part in text, f"{name} has changed: this guard is somewhere else"
    spill.QUERIES[name] = text.replace(part, "")


def trim_what_was_spilled() -> None:
    """Events executed from the buffer are removed from the lane's part in Redis as well."""
    LaneOutcome.row = _row_of_all(LaneOutcome.row)  # type: ignore[method-assign]


def _row_of_all(row: Callable[[LaneOutcome], list[object]]) -> Callable[[LaneOutcome], list[object]]:
    return lambda outcome: row(replace(outcome, spilled=0))


def old_words_believed() -> None:
    """Redis believes what it is told of a lane's mode, however old it is."""
    register = redis.Redis.register_script
    check = "if 2 * epoch + (spill and 1 or 0) <= known then return end"

    def register_without(self: redis.Redis, text: str) -> Script:
        assert check in text or "function set_mode" not in text, "work.lua has changed: this guard is somewhere else"
        return register(self, text.replace(check, ""))

    redis.Redis.register_script = register_without  # type: ignore[method-assign]


def blind_order_off() -> None:
    """What was spilled while Redis was away is neither told to Redis first nor put in order by time."""
    enqueue._tell_first = lambda: None
    lanework._merge = lambda here, there, more_there: [*here, *there]


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
    "producers-epoch": producers_epoch_off,
    "holders-epoch": holders_epoch_off,
    "look-before-direct": look_before_direct_off,
    "trim": trim_what_was_spilled,
    "old-words": old_words_believed,
    "blind-order": blind_order_off,
}
