"""Figures of back pressure: exact after known traffic, and asked of Redis alone by those who look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis
from django.db import connections, transaction

from engine import enqueue, figures, journal, outbox, spill
from engine.figures import gather
from engine.keeper import Keeper
from engine.lanes import Lanes
from tests.acceptance.harness import wait_until
from tests.events import event, events
from tests.integration.engine.conftest import PREFIX
from tests.integration.engine.spilling import Node, numbered, push_one_by_one

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


#: Of the journal.
CURRENT_PARTITION = "SELECT to_char(now() AT TIME ZONE 'UTC', '\"engine_journal_\"YYYYMMDDHH24')"


@pytest.fixture
def before(watch: psycopg.Connection) -> figures.Figures:
    """PostgreSQL counts since it was made, Redis since this test began."""
    tell_statistics()
    figures.note(watch)
    return gather()


def tell_statistics() -> None:
    """A session that ends tells PostgreSQL's statistics what it wrote."""
    connections.close_all()


def written(watch: psycopg.Connection, before: figures.Figures) -> tuple[int, int]:
    """Rows and transactions since then."""
    figures.note(watch)
    now = gather()
    return now.queue_rows - before.queue_rows, now.queue_transactions - before.queue_transactions


def wait_for_written(watch: psycopg.Connection, before: figures.Figures, expected: tuple[int, int]) -> None:
    """Statistics take a moment; then it must be this and stay so."""
    wait_until(lambda: written(watch, before)[0] >= expected[0], "fewer rows are counted than were written")
    assert written(watch, before) == expected


def removals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Events that each transaction took out of the buffer, as they come."""
    found: list[int] = []
    remove = spill.remove

    def counted(worker: psycopg.Connection, done: Sequence[Any]) -> None:
        remove(worker, done)
        found.extend([len(done)] if done else [])

    monkeypatch.setattr(spill, "remove", counted)
    return found


def waiting(top: int = figures.TOP) -> dict[str, tuple[int, int, int]]:
    """Direct, spilled and lanes in spill mode of each tenant."""
    return {one.tenant: (one.direct, one.spilled, one.lanes_spilled) for one in gather(top=top).tenants}


def test_what_goes_direct_and_what_is_spilled_is_counted_exactly(
    node: Node, watch: psycopg.Connection, before: figures.Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_out = removals(monkeypatch)
    push_one_by_one([*numbered("whale", "ada", 20), *numbered("minnow", "bob", 2)])
    tell_statistics()

    # 17 rows of events; of the lane's mode its row, locked 16 times and written 17 times.
    wait_for_written(watch, before, (17 + 1 + 16 + 17, 17))
    now = gather()
    assert (now.direct, now.spilled - before.spilled, now.lanes_spilled) == (5, 17, 1)
    assert waiting() == {"whale": (3, 17, 1), "minnow": (2, 0, 0)}

    node.work()
    node.executor.connection.close()

    # As many rows of events again, which left, and one of the mode that went direct.
    last = (51 + 17 + 1, 17 + len(taken_out) + 1)
    assert sum(taken_out) == 17
    wait_for_written(watch, before, last)
    assert gather().tenants == []


def test_events_of_transactions_are_counted_too(watch: psycopg.Connection, before: figures.Figures) -> None:
    for tenant in ("whale", "minnow"):
        with transaction.atomic(), transaction.get_connection().cursor() as cursor:
            cursor.execute("SELECT set_config('fairlane.tenant', %s, true)", [tenant])
            outbox.record(tenant, events(tenant, "ada", 2))
            outbox.record(tenant, events(tenant, "ada", 1, first=2))
    tell_statistics()

    # Of each tenant a row is made, added to and deleted, in two transactions.
    wait_for_written(watch, before, (6, 4))
    assert waiting() == {"minnow": (3, 0, 0), "whale": (3, 0, 0)}


def test_rows_of_the_journal_are_counted_also_when_their_partition_is_gone(
    watch: psycopg.Connection, before: figures.Figures, owner_connection: psycopg.Connection
) -> None:
    now = datetime.now(UTC)
    for _ in range(3):
        with connections["default"].cursor() as cursor:
            cursor.execute(journal.QUERIES["insert_row"], [2, now, now, b"of whale and minnow"])
    assert written(watch, before) == (3, 3)

    (partition,) = owner_connection.execute(CURRENT_PARTITION).fetchone() or ("",)
    owner_connection.execute(f"TRUNCATE {partition}")
    assert written(watch, before) == (3, 3)


def test_traffic_that_goes_direct_writes_nothing(
    node: Node, watch: psycopg.Connection, before: figures.Figures
) -> None:
    for n in range(5):
        enqueue.push([*numbered("whale", "ada", 3, first=3 * n), *numbered("minnow", "bob", 3, first=3 * n)])
        node.work()
    node.executor.connection.close()
    tell_statistics()

    figures.note(watch)
    now = gather()
    assert (now.direct, now.spilled) == (30, before.spilled)
    assert (now.queue_rows, now.queue_transactions) == (before.queue_rows, before.queue_transactions)


def test_the_oldest_waiting_event_of_each_tenant_is_found_wherever_it_is(
    watch: psycopg.Connection, valkey: redis.Redis, node: Node
) -> None:
    now = datetime.now(UTC)

    def old(tenant: str, id: str, seconds: float) -> None:
        enqueue.push([event(tenant, id, id, at=now - timedelta(seconds=seconds))])

    for n, seconds in enumerate([500, 400, 300]):
        old("whale", f"a{n}", seconds)
    old("whale", "spilled", 200)
    old("minnow", "m", 100)
    figures.note(watch)

    assert ages() == {"whale": pytest.approx(500, abs=10), "minnow": pytest.approx(100, abs=10)}

    assert node.lease()  # what is in work waits too
    assert ages() == {"whale": pytest.approx(500, abs=10), "minnow": pytest.approx(100, abs=10)}
    node.settle(node.executor.execute(node.fetch()))
    figures.note(watch)
    assert ages()["whale"] == pytest.approx(200, abs=10)


def test_a_lane_that_is_set_aside_waits_too(lanes: Lanes, valkey: redis.Redis, node: Node) -> None:
    at = datetime.now(UTC) - timedelta(seconds=300)
    enqueue.push([event("whale", "ada", "a", at=at), event("minnow", "bob", "b", at=at + timedelta(seconds=200))])
    node.lease()
    lanes.release([node.bundle], blame=False, wait=60)

    assert valkey.zcard(PREFIX + "later") == 2
    assert ages() == {"whale": pytest.approx(300, abs=10), "minnow": pytest.approx(100, abs=10)}


def ages() -> dict[str, float]:
    now = gather()
    return {one.tenant: one.oldest_seconds(now.at) for one in now.tenants}


def test_as_many_tenants_are_named_as_were_asked_for(watch: psycopg.Connection, lanes: Lanes) -> None:
    push_one_by_one([*numbered("whale", "ada", 5), *numbered("minnow", "bob", 4)])
    figures.note(watch)

    assert waiting(top=1) == {"whale": (3, 2, 1)}
    assert gather(top=1).tenants_waiting == 2
    look = lanes.look(0)
    assert (look["tenants"], look["total"], look["bundles"]) == ([], 2, 0)


def test_memory_and_pressure_are_told(valkey: redis.Redis, lanes: Lanes) -> None:
    assert (gather().memory_share, gather().pressure) == (None, False)

    keeper = Keeper(lanes.settings)
    valkey.config_set("maxmemory", 10**9)
    try:
        keeper._feel_pressure()
        lanes.press(0.9)
        now = gather()
    finally:
        valkey.config_set("maxmemory", 0)

    assert now.memory_limit_bytes == 10**9
    assert now.memory_share == pytest.approx(now.memory_bytes / 10**9, abs=1e-4)
    assert now.pressure
    assert keeper.pressure == {"memory_share": pytest.approx(now.memory_share, abs=1e-3), "pressure": False}


def test_rates_come_from_samples(lanes: Lanes, valkey: redis.Redis) -> None:
    """Two databases; the counters of one begin anew in between."""
    sample(lanes, valkey, "default", 120, spilled=100, rows=1000, transactions=10, direct=0)
    sample(lanes, valkey, "default", 60, spilled=150, rows=1300, transactions=20, direct=500)
    sample(lanes, valkey, "default", 0, spilled=150, rows=200, transactions=30, direct=800)
    sample(lanes, valkey, "other", 60, spilled=7, rows=70, transactions=7, direct=500)
    sample(lanes, valkey, "other", 0, spilled=157, rows=70, transactions=7, direct=800)

    recent = gather(["default", "other"]).recent

    assert recent.seconds == pytest.approx(120, abs=5)
    assert (recent.direct, recent.spilled, recent.share_direct) == (800, 200, 0.8)
    assert recent.rows_per_minute == pytest.approx((300 + 200) / 2, rel=0.05)
    assert recent.transactions_per_minute == pytest.approx(20 / 2, rel=0.05)
    assert gather(["default", "other"]).spilled == 150 + 157


def sample(
    lanes: Lanes, valkey: redis.Redis, database: str, seconds_ago: float, *, direct: int, **counted: int
) -> None:
    valkey.hset(PREFIX + "counts", "direct", direct)
    assert lanes._run("note", database, 0, 31, json.dumps(counted), "[]")
    key = f"{PREFIX}samples:{database}"
    last = valkey.lindex(key, -1)
    moment = int(valkey.time()[0] * 1000 - seconds_ago * 1000)
    valkey.lset(key, -1, json.dumps(json.loads(last) | {"at": moment}))


def test_a_sample_that_comes_too_soon_is_dropped(lanes: Lanes, valkey: redis.Redis) -> None:
    counters = {"spilled": 1, "rows": 1, "transactions": 1}

    assert [lanes.note("default", counters, []) for _ in range(3)] == [True, False, False]
    assert lanes.note("other", counters, [])
    assert valkey.llen(PREFIX + "samples:default") == 1


def test_samples_do_not_grow_without_end(lanes: Lanes, valkey: redis.Redis) -> None:
    for _ in range(40):
        lanes._run("note", "default", 0, 31, json.dumps({"spilled": 1, "rows": 1, "transactions": 1}), "[]")

    assert valkey.llen(PREFIX + "samples:default") == 31


def test_where_nobody_notes_it_is_said(valkey: redis.Redis, watch: psycopg.Connection) -> None:
    push_one_by_one(numbered("whale", "ada", 2))
    push_one_by_one(numbered("minnow", "bob", 1))

    now = gather()
    assert (now.noted_seconds_ago, now.recent.seconds, now.recent.share_direct) == (None, 0.0, None)
    assert waiting() == {"whale": (2, 0, 0), "minnow": (1, 0, 0)}
    figures.note(watch)
    assert gather().noted_seconds_ago == pytest.approx(0, abs=5)
