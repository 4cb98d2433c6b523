"""Tenants on two databases, and the facts in Redis about what is in work there."""

from __future__ import annotations

import time
from collections.abc import Mapping

import redis

from engine.answers import Lease
from engine.lanes import Cost, LaneOutcome, Lanes
from engine.strain import Strain
from tests.events import raw
from tests.integration.engine.conftest import PREFIX

BOTH = {"default": True, "second": True}
SECOND = {"default": False, "second": True}
TENANTS = {"whale": "default", "minnow": "second"}  #: where they live


def settle_in(lanes: Lanes, tenants: Mapping[str, str] = TENANTS, events: int = 1000) -> None:
    """Tenants on their databases, each with so many events in each of its 16 lanes."""
    for tenant, database in tenants.items():
        lanes.configure(tenant, 1, 0, database)
        for lane in range(16):
            lanes.push([(tenant, lane, raw(tenant, f"lead-{lane}", events))])


def lease_any(lanes: Lanes, bundle: str, may: Mapping[str, bool] = BOTH, owner: str = "node:1") -> str | None:
    """The database of which there was a bundle."""
    leased = lanes.lease_next(bundle, owner, may)
    return leased.database if leased else None


def take(lanes: Lanes, count: int, database: str = "default", prefix: str = "b") -> list[str]:
    """As many of so many bundles as there may be."""
    names = [f"{prefix}{number}" for number in range(count)]
    return [name for name in names if lanes.lease(name, "node:1", database)]


def finish(lanes: Lanes, bundle: str, leased: Lease | None = None, seconds: float = 0.01, held_up: int = 0) -> None:
    """Settle a bundle; the events of its lanes are done if it is known what they are.

    held_up: how many lanes felt strain.
    """
    strain = Strain({("whale", lane) for lane in range(held_up)}, "lock wait" if held_up else "")
    outcomes = [LaneOutcome(tenant, lane, count) for tenant, lane, count in (leased.lanes if leased else [])]
    cost = {one.tenant: Cost(seconds, one.done) for one in outcomes}
    assert lanes.settle(bundle, outcomes, cost, strain=strain) >= 0


def limit(lanes: Lanes, database: str = "default") -> int:
    """0: none."""
    return next(row["limit"] for row in lanes.look_at_databases() if row["database"] == database)


def slots(lanes: Lanes, count: int) -> None:
    """As if nodes with so many slots had told that they live."""
    lanes.sweep(["default", "second"], owner="node:1", slots=count)


def let_pass(valkey: redis.Redis, milliseconds: int, database: str = "default") -> None:
    """As if that much time had passed since the database was last strained, or well."""
    moments = {"load": ("cut", "raised", "strained"), "own": ("#well",)}
    for key, fields in moments.items():
        for field in fields:
            if valkey.hexists(f"{PREFIX}{key}:{database}", field):
                valkey.hincrby(f"{PREFIX}{key}:{database}", field, -milliseconds)
    for key in valkey.scan_iter(f"{PREFIX}rest:{database}:*"):
        valkey.delete(key)


def hold_since(valkey: redis.Redis, bundle: str, seconds: float) -> None:
    """As if the bundle had been leased so long ago."""
    valkey.hset(f"{PREFIX}bundle:{bundle}", "since", int((time.time() - seconds) * 1000))
