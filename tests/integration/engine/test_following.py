"""An executor leases the next bundles for its node, under the id that the node renews."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis

from engine import tasks
from engine.conf import EngineConf, conf
from engine.keys import WAKE_QUEUE
from engine.lanes import LaneOutcome, Lanes
from tests.events import events, raw
from tests.integration.engine.bundles import effects, ids
from tests.integration.engine.conftest import lease, names

pytestmark = pytest.mark.usefixtures("effects")

OF_ADA, OF_BOB = events("whale", "ada", 6), events("minnow", "bob", 3)


@pytest.fixture
def watch() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def lanes(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Lanes]:
    """Two lanes with nine events, of which a bundle holds two."""
    settings.ENGINE = settings.ENGINE | {"handler": "tests.handler.handle"}
    conf.cache_clear()
    lanes = Lanes(valkey, EngineConf(redis_url=os.environ["REDIS_URL"], bundle_events=2))
    monkeypatch.setattr(tasks, "lanes", lambda: lanes)
    lanes.push([("whale", 0, raw("whale", "ada", 6)), ("minnow", 0, raw("minnow", "bob", 3))])
    yield lanes
    for executor in tasks._executors.values():
        executor.connection.close()
    tasks._executors.clear()
    conf.cache_clear()


def follow() -> str:
    return tasks.run_bundle(bundle="b1", node="node:1")


def test_one_task_executes_bundle_after_bundle(lanes: Lanes, watch: psycopg.Connection, valkey: redis.Redis) -> None:
    lease(lanes, "b1")

    words = follow()

    assert words.startswith("9 events of ")
    assert " bundles" in words
    assert sorted(effects(watch)) == sorted(ids([*OF_ADA, *OF_BOB]))
    assert names(valkey) <= {"clock:default", "lanes", "counts"}


def test_it_asks_its_node_again_after_a_while(
    lanes: Lanes, watch: psycopg.Connection, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "FOLLOW_SECONDS", 0)
    lease(lanes, "b1")
    valkey.delete(WAKE_QUEUE)

    follow()

    assert 0 < len(effects(watch)) < 9
    assert valkey.llen(WAKE_QUEUE) == 1, "somebody must be told that there is more"


def test_nobody_is_woken_for_what_it_leases_itself(lanes: Lanes, valkey: redis.Redis) -> None:
    lanes.push([("whale", lane, raw("whale", f"eve{lane}", 3)) for lane in (1, 2)])
    taken = lease(lanes, "b1")
    valkey.delete(WAKE_QUEUE)
    done = [LaneOutcome(tenant, lane, count) for tenant, lane, count in taken]

    lanes.settle("b1", done, {}, goes_on=True)

    assert valkey.llen(WAKE_QUEUE) == 0
    assert lanes.lease_next("b1", "node:1", {"default": True}, pass_on=True, number=1)
    assert valkey.llen(WAKE_QUEUE) == 1, "what it has not taken is for others"


def test_a_late_settlement_of_the_bundle_before_changes_nothing(lanes: Lanes) -> None:
    """Its answer was lost and it was sent again; the first one comes only now."""
    first = [LaneOutcome(tenant, lane, count) for tenant, lane, count in lease(lanes, "b1")]
    assert lanes.settle("b1", first, {}, goes_on=True) == len(first)
    second = lanes.lease_next("b1", "node:1", {"default": True}, number=1)
    assert second is not None
    depths = lanes.depth("whale", 0), lanes.depth("minnow", 0)

    assert lanes.settle("b1", first, {}) == -1

    assert (lanes.depth("whale", 0), lanes.depth("minnow", 0)) == depths
    again = [LaneOutcome(tenant, lane, count) for tenant, lane, count in second.lanes]
    assert lanes.settle("b1", again, {}, number=1) == len(again)


def test_who_cannot_reach_redis_leases_no_more(
    lanes: Lanes, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise redis.ConnectionError("gone")

    lease(lanes, "b1")
    monkeypatch.setattr(Lanes, "lease_next", lost)

    words = follow()

    assert words.startswith(f"{len(effects(watch))} events of ")
    assert len(effects(watch)) < 9
