"""What a call of a script costs in Redis, and what lanes take of its memory, whatever else waits."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import median

from engine.lanes import Cost, LaneOutcome, Lanes, lanes
from engine.types import encode
from tests.benchmarks import world
from tests.benchmarks.suite import Figures

CHUNK_EVENTS = 5_000
WARM = 20

#: A lane to fill: tenant, lane, events.
Filling = tuple[str, int, int]


def fill(fillings: Sequence[Filling]) -> None:
    """So many events into each lane, without a worker. The events are alike: nobody executes them."""
    raw = encode(world.events(1, ["t0000"])[0])
    for chunk in _chunks(fillings):
        lanes().push([(tenant, lane, [raw] * events) for tenant, lane, events in chunk])


def _chunks(fillings: Sequence[Filling]) -> Iterator[list[Filling]]:
    chunk: list[Filling] = []
    for filling in fillings:
        if chunk and sum(each[2] for each in chunk) + filling[2] > CHUNK_EVENTS:
            yield chunk
            chunk = []
        chunk.append(filling)
    if chunk:
        yield chunk


def memory_bytes() -> int:
    """What Redis uses."""
    return int(world.broker().info("memory")["used_memory"])


def calls(tenants: Sequence[str], count: int) -> Figures:
    """Microseconds of Redis for a call of each script, the median of so many calls.

    Each bundle is one event of one lane, so that bundles are alike whatever waits. Neither the way there nor the
    write to the disk is counted: they do not depend on what waits.
    """
    shard = Lanes(lanes().client, replace(lanes().settings, bundle_lanes=1, bundle_events=1))
    for number in range(WARM):
        _lap(shard, tenants[number % len(tenants)])
    laps = [_lap(shard, tenants[number % len(tenants)]) for number in range(count)]
    return {f"{name}_us": median(lap[name] for lap in laps) for name in laps[0]}


def _lap(shard: Lanes, tenant: str) -> Figures:
    """An event comes, and the next one is executed."""
    raw, bundle = encode(world.events(1, [tenant])[0]), uuid.uuid4().hex
    took = {"push": _timed(shard, lambda: shard.push([(tenant, 0, [raw])]))}
    took["lease"] = _timed(shard, lambda: shard.lease(bundle, "node:1", "default"))
    ((of, lane, count),) = shard.lease(bundle, "node:1", "default")  # the same answer: nothing is leased twice
    took["fetch"] = _timed(shard, lambda: shard.fetch(bundle))
    cost = {of: Cost(0.0002, count, 0.0001)}
    took["settle"] = _timed(shard, lambda: shard.settle(bundle, [LaneOutcome(of, lane, count)], cost))
    return took


def _timed(shard: Lanes, call: Callable[[], object]) -> float:
    before = _microseconds(shard)
    call()
    return _microseconds(shard) - before


def _microseconds(shard: Lanes) -> float:
    """That the server spent in scripts so far."""
    return float(shard.client.info("commandstats").get("cmdstat_evalsha", {"usec": 0})["usec"])


def drain(shard: Lanes) -> None:
    """Everything that waits, as if it had been executed."""
    while leased := shard.lease(bundle := uuid.uuid4().hex, "node:1", "default"):
        cost = {tenant: Cost(0.0002, count, 0.0001) for tenant, _, count in leased}
        shard.settle(bundle, [LaneOutcome(tenant, lane, count) for tenant, lane, count in leased], cost)


def rest() -> None:
    """Until Redis has written what it was given: a copy of its append-only file goes on beside what is measured."""
    while world.broker().info("persistence")["aof_rewrite_in_progress"]:
        time.sleep(0.1)
