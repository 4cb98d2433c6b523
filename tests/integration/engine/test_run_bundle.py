"""The task that executes a bundle: lease, events, database and outcome together, in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import redis

from engine import conf as engine_conf
from engine import tasks
from engine.embedded import Servers
from engine.errors import UnsafeRole
from engine.lanes import Lanes
from engine.types import Handled, encode
from tests.events import event, events, raw
from tests.integration.engine.bundles import effects, ids
from tests.integration.engine.conftest import lease, let_expire, let_wait_end, names

pytestmark = pytest.mark.usefixtures("effects")


@pytest.fixture(autouse=True)
def test_handler(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """The process executes with tests/handler.py; call it to change more settings."""
    opened: list[psycopg.Connection] = []
    connect = tasks._connect

    def remembered(url: str) -> psycopg.Connection:
        opened.append(connect(url))
        return opened[-1]

    def use(**more: object) -> None:
        settings.ENGINE = settings.ENGINE | {"handler": "tests.handler.handle"} | more
        engine_conf.conf.cache_clear()
        tasks._executors.clear()

    monkeypatch.setattr(tasks, "_connect", remembered)
    use()
    yield use
    tasks._executors.clear()
    engine_conf.conf.cache_clear()
    for connection in opened:
        connection.close()


@pytest.fixture
def watch() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True) as connection:
        yield connection


def run(bundle: str) -> str:
    return tasks.run_bundle(bundle=bundle)


def tries(lanes: Lanes, bundle: str) -> list[int]:
    return [lane.tries for lane in lanes.fetch(bundle) or []]


def test_a_bundle_is_executed_and_settled(lanes: Lanes, watch: psycopg.Connection, valkey: redis.Redis) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 3)), ("minnow", 0, raw("minnow", "bob", 1))])
    lease(lanes, "b1")

    words = run("b1")

    assert words.startswith("4 events of 2 lanes in ")
    assert effects(watch) == ids([*events("minnow", "bob", 1), *events("whale", "ada", 3)])
    assert names(valkey) <= {"clock:default", "lanes", "counts"}


def test_a_bundle_whose_lease_is_lost_does_nothing(
    lanes: Lanes, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 3)), ("minnow", 0, raw("minnow", "bob", 1))])
    lease(lanes, "b1")
    let_expire(valkey, "b1")
    lease(lanes, "b2")

    assert run("b1") == "lease lost"

    assert effects(watch) == []
    run("b2")
    assert len(effects(watch)) == 4


def test_a_connection_that_was_cut_is_made_anew(lanes: Lanes, watch: psycopg.Connection, valkey: redis.Redis) -> None:
    """Nobody is lost; the events are suspects, because one of them may have cut it."""
    lanes.push([("whale", 0, raw("whale", "ada", 2)), ("minnow", 0, raw("minnow", "bob", 1))])
    cut_worker_connections(watch)
    lease(lanes, "b1")

    assert run("b1").startswith("given back, ")

    let_wait_end(valkey)
    for number in range(2):
        lease(lanes, f"next{number}")
        assert " of 1 lanes" in run(f"next{number}")
    assert sorted(effects(watch)) == sorted(ids([*events("minnow", "bob", 1), *events("whale", "ada", 2)]))


def test_an_event_that_cuts_the_connection_each_time_is_a_dead_letter(
    lanes: Lanes, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    cut = event("whale", "ada", "cut", "statement", sql="SELECT pg_terminate_backend(pg_backend_pid())")
    lanes.push([("whale", 0, [encode(cut), *raw("whale", "ada", 1)])])
    lanes.push([("minnow", 0, raw("minnow", "bob", 1))])

    for number in range(10):
        lease(lanes, f"b{number}")
        run(f"b{number}")
        let_wait_end(valkey)

    assert sorted(effects(watch)) == [("minnow", "bob-0"), ("whale", "ada-0")]
    rows = watch.execute("SELECT tenant_id, event_id, attempts FROM engine_deadletter").fetchall()
    assert rows == [("whale", "cut", 3)]


def test_a_database_that_is_down_is_nobodys_fault(
    lanes: Lanes, valkey: redis.Redis, servers: Servers, watch: psycopg.Connection
) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 2)), ("minnow", 0, raw("minnow", "bob", 1))])
    lease(lanes, "warm")
    lanes.release(["warm"], blame=False)
    tasks._executor(os.getpid(), "default")
    servers.postgres.stop()
    try:
        for number in range(4):
            let_wait_end(valkey)
            assert lanes.lease(f"b{number}", f"node:{number}", "default")
            assert run(f"b{number}").startswith("given back, ")
    finally:
        servers.postgres.start()

    let_wait_end(valkey)
    assert sorted(lanes.lease("after", "node:4", "default")) == [("minnow", 0, 1), ("whale", 0, 2)]
    assert tries(lanes, "after") == [0, 0]
    assert run("after").startswith("3 events")


def test_a_shutdown_in_the_middle_of_a_transaction_is_nobodys_fault(
    lanes: Lanes,
    valkey: redis.Redis,
    servers: Servers,
    test_handler: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(connection: psycopg.Connection, *_: object) -> Handled:
        servers.postgres.stop()
        connection.execute("SELECT 1")
        return Handled({})

    lanes.push([("whale", 0, raw("whale", "ada", 2)), ("minnow", 0, raw("minnow", "bob", 1))])
    lease(lanes, "b1")
    monkeypatch.setattr(tasks._executor(os.getpid(), "default"), "handler", stop)
    try:
        assert run("b1").startswith("given back, ")
    finally:
        servers.postgres.start()

    let_wait_end(valkey)
    assert sorted(lanes.lease("after", "node:2", "default")) == [("minnow", 0, 1), ("whale", 0, 2)]
    assert run("after").startswith("3 events")


def test_a_worker_that_may_not_work_blames_no_event(
    lanes: Lanes, servers: Servers, test_handler: Callable[..., None]
) -> None:
    """A mistake in the deployment would else turn the head of each lane into a dead letter."""
    lanes.push([("whale", 0, raw("whale", "ada", 2)), ("minnow", 0, raw("minnow", "bob", 1))])
    test_handler(database_url=servers.postgres_url)
    for number in range(4):
        lease(lanes, f"b{number}")
        with pytest.raises(UnsafeRole):
            run(f"b{number}")
        lanes.release([f"b{number}"], blame=True)  # as the keeper does with a task that failed

    lease(lanes, "after")

    assert tries(lanes, "after") == [0, 0]


def test_an_outcome_that_redis_does_not_take_is_executed_once(
    lanes: Lanes, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 2)), ("minnow", 0, raw("minnow", "bob", 1))])
    lease(lanes, "b1")

    def refuse(*_: object, **__: object) -> int:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(tasks, "SETTLE_PAUSE_SECONDS", 0)
    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "settle", refuse)
        with pytest.raises(redis.ConnectionError):
            run("b1")
    lanes.release(["b1"], blame=True)
    for number in range(3):
        lease(lanes, f"next{number}")
        run(f"next{number}")

    assert len(effects(watch)) == 3
    assert lease(lanes, "last") == []


def test_a_settle_that_was_not_answered_is_repeated(lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes.push([("whale", 0, raw("whale", "ada", 3))])
    lease(lanes, "b1")
    settle, answers = Lanes.settle, [redis.ConnectionError("no answer")]

    def unanswered(self: Lanes, *arguments: object, **named: object) -> int:
        result = settle(self, *arguments, **named)  # type: ignore[arg-type]
        if answers:
            raise answers.pop()
        return result

    monkeypatch.setattr(tasks, "SETTLE_PAUSE_SECONDS", 0)
    monkeypatch.setattr(Lanes, "settle", unanswered)

    assert run("b1").endswith("lease was lost, the ledger keeps it once")
    assert lanes.depth("whale", 0) == 0


def cut_worker_connections(watch: psycopg.Connection) -> None:
    tasks._executor(os.getpid(), "default")
    cut = watch.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE usename = 'fairlane_worker' AND pid <> pg_backend_pid()"
    ).fetchall()
    assert (True,) in cut
