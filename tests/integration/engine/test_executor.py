"""A bundle in PostgreSQL: each effect once, a failing event alone, nothing done that is not told."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from engine import ledger, tasks
from engine.errors import DatabaseDown
from engine.executor import Executor, Report
from engine.lanes import FetchedLane, LaneOutcome
from engine.types import Event, encode
from tests import handler
from tests.events import event, events

pytestmark = pytest.mark.usefixtures("effects")

Connect = Callable[..., psycopg.Connection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connections as a worker process makes them."""
    opened: list[psycopg.Connection] = []

    def open_one(url: str = "", **settings: str) -> psycopg.Connection:
        connection = tasks._connect(url or os.environ["WORKER_DATABASE_URL"])
        opened.append(connection)
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Connect) -> psycopg.Connection:
    return connect()


def executor(connection: psycopg.Connection, handle: Any = handler.handle, **settings: Any) -> Executor:
    settings = {"max_attempts": 3, "retry_seconds": 0.5, "run_task": unexpected} | settings
    return Executor(connection, handle, **settings)


def unexpected(task: Event) -> None:
    raise AssertionError(f"{task} is no Celery task")


def lane(of: Sequence[Event], number: int = 0, tries: int = 0) -> FetchedLane:
    return FetchedLane(of[0].tenant, number, tries, [encode(one) for one in of])


def done(report: Report) -> dict[tuple[str, int], int]:
    return {place: outcome.done for place, outcome in report.outcomes.items()}


def effects(connection: psycopg.Connection) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT tenant_id, event_id FROM effects ORDER BY id")
    return [(tenant, event_id) for tenant, event_id in rows]


def dead(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    query = "SELECT tenant_id, lane, lead, event_id, attempts, error FROM engine_deadletter ORDER BY id"
    return connection.execute(query).fetchall()


def ids(of: Sequence[Event]) -> list[tuple[str, str]]:
    return [(one.tenant, one.id) for one in of]


def test_a_bundle_of_two_tenants_is_one_transaction_in_order(connection: psycopg.Connection) -> None:
    whale, minnow = events("whale", "ada", 5), events("minnow", "bob", 2)

    report = executor(connection).execute([lane(whale, 3), lane(minnow, 1)])

    assert effects(connection) == ids([*whale, *minnow])
    assert done(report) == {("whale", 3): 5, ("minnow", 1): 2}
    assert {tenant: count for tenant, (_, count) in report.cost().items()} == {"whale": 5, "minnow": 2}
    assert connection.execute("SELECT count(DISTINCT transaction) FROM effects").fetchone() == (1,)


def test_the_same_events_executed_twice_have_one_effect(connection: psycopg.Connection) -> None:
    whale, minnow = events("whale", "ada", 5), events("minnow", "bob", 2)
    executor(connection).execute([lane(whale), lane(minnow)])

    report = executor(connection).execute([lane(whale), lane(minnow)])

    assert done(report) == {("whale", 0): 5, ("minnow", 0): 2}
    assert effects(connection) == ids([*whale, *minnow])


def test_without_the_ledger_they_would_have_two(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ablation: it is the claim that does it, nothing else in the path."""
    monkeypatch.setattr(ledger, "claim", lambda _, events: list(events))
    whale = events("whale", "ada", 5)
    for _ in range(2):
        executor(connection).execute([lane(whale)])

    assert effects(connection) == ids([*whale, *whale])


def test_an_event_pushed_twice_into_a_bundle_has_one_effect(connection: psycopg.Connection) -> None:
    whale = events("whale", "ada", 3)

    report = executor(connection).execute([lane([*whale, *whale])])

    assert (effects(connection), done(report)) == (ids(whale), {("whale", 0): 6})


def test_two_tenants_may_use_the_same_id(connection: psycopg.Connection) -> None:
    both = [event("whale", "ada", "order-1"), event("minnow", "ada", "order-1")]

    for one in both:
        executor(connection).execute([lane([one])])

    assert effects(connection) == ids(both)


def test_an_id_repeated_across_midnight_is_executed_once(connection: psycopg.Connection) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    evening, morning = (event("whale", "ada", "1", at=midnight + timedelta(seconds=s)) for s in (-1, 1))
    other = event("minnow", "ada", "1", at=midnight + timedelta(seconds=1))

    for one in (evening, morning, evening, other):
        executor(connection).execute([lane([one])])

    assert effects(connection) == [("whale", "1"), ("minnow", "1")]


def test_an_id_repeated_across_midnight_in_one_bundle_is_executed_once(connection: psycopg.Connection) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    both = [event("whale", "ada", "1", at=midnight + timedelta(seconds=s)) for s in (-1, 1)]

    executor(connection).execute([lane(both)])

    assert effects(connection) == [("whale", "1")]


def test_an_id_repeated_by_a_producer_whose_clock_is_behind_is_executed_once(
    connection: psycopg.Connection,
) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    both = [event("whale", "ada", "1", at=midnight + timedelta(seconds=s)) for s in (1, -1)]

    for one in both:
        executor(connection).execute([lane([one])])

    assert effects(connection) == [("whale", "1")]


class Crash(BaseException):
    """The process ends here."""


def test_a_crash_before_the_commit_leaves_nothing_and_the_next_does_it(connection: psycopg.Connection) -> None:
    whale, minnow = events("whale", "ada", 3), events("minnow", "bob", 1)

    def crash(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> dict[str, float]:
        handler.handle(connection, events, now)
        raise Crash

    with pytest.raises(Crash):
        executor(connection, crash).execute([lane(whale), lane(minnow)])
    assert effects(connection) == []
    executor(connection).execute([lane(whale), lane(minnow)])

    assert effects(connection) == ids([*whale, *minnow])


def test_a_second_owner_waits_for_the_first_and_then_drops(connect: Connect) -> None:
    """A zombie and its successor on the same events at the same time."""
    first, second, watch = connect(), connect(lock_timeout="20s"), connect()
    whale, minnow = events("whale", "ada", 3), events("minnow", "bob", 1)
    reached, go_on = threading.Event(), threading.Event()

    def hold(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> dict[str, float]:
        reached.set()
        assert go_on.wait(20)
        return handler.handle(connection, events, now)

    reports: list[Report] = []
    bundle = [lane(whale), lane(minnow)]
    zombie = threading.Thread(target=lambda: reports.append(executor(first, hold).execute(bundle)))
    owner = threading.Thread(target=lambda: reports.append(executor(second).execute(bundle)))
    zombie.start()
    assert reached.wait(20)
    owner.start()
    wait_until(lambda: is_waiting_for_a_lock(watch, second))
    go_on.set()
    zombie.join()
    owner.join()

    assert effects(watch) == ids([*whale, *minnow])
    assert [done(report) for report in reports] == [{("whale", 0): 3, ("minnow", 0): 1}] * 2


def test_a_stuck_owner_delays_only_its_own_lane(connect: Connect) -> None:
    stuck, other = connect(), connect(lock_timeout="50ms")
    whale = events("whale", "ada", 3)
    minnows = [events("minnow", f"lead{number}", 2) for number in range(4)]

    with stuck.transaction():
        ledger.claim(stuck, [whale[1]])
        report = executor(other).execute(
            [lane(whale), *(lane(minnow, number) for number, minnow in enumerate(minnows))]
        )

    assert report.outcomes["whale", 0] == LaneOutcome("whale", 0, 0, wait=0.5, tried=False)
    assert effects(other) == [one for minnow in minnows for one in ids(minnow)]
    assert report.dead == 0


def test_a_failing_event_stands_alone_and_its_neighbours_go_on(connection: psycopg.Connection) -> None:
    whale = events("whale", "ada", 7)
    bad = event("whale", "eve", "bad", "fail")
    minnows = [events("minnow", f"lead{number}", 3) for number in range(5)]
    mixed = [*whale[:4], bad, *whale[4:]]

    report = executor(connection).execute(
        [*(lane(minnow, number) for number, minnow in enumerate(minnows)), lane(mixed)]
    )

    assert [one for one in effects(connection) if one[0] == "whale"] == ids(whale)
    assert sorted(effects(connection)) == sorted(ids([*whale, *(one for minnow in minnows for one in minnow)]))
    assert dead(connection) == [("whale", 0, "eve", "bad", 1, "ZeroDivisionError: bad cannot be executed")]
    assert done(report) == {("whale", 0): 8} | {("minnow", number): 3 for number in range(5)}
    row = connection.execute("SELECT payload FROM engine_deadletter").fetchone()
    assert row == (encode(bad),)


def test_a_dead_letter_is_not_executed_when_it_comes_again(connection: psycopg.Connection) -> None:
    bad = event("whale", "eve", "bad", "fail")

    for _ in range(2):
        executor(connection).execute([lane([bad])])

    assert len(dead(connection)) == 1


def test_many_failing_events_cost_only_themselves(connection: psycopg.Connection) -> None:
    mixed = [event("whale", "ada", str(n), "fail" if n % 3 == 0 else "purchase") for n in range(30)]

    report = executor(connection).execute([lane(mixed), lane(events("minnow", "bob", 2))])

    assert effects(connection)[:20] == ids([one for one in mixed if one.type == "purchase"])
    assert (report.dead, done(report)) == (10, {("whale", 0): 30, ("minnow", 0): 2})


def test_a_handler_that_swallows_a_database_error_does_not_lose_its_neighbours(
    connection: psycopg.Connection,
) -> None:
    """PostgreSQL answers COMMIT with success and keeps nothing."""
    whale, minnow = events("whale", "ada", 2), events("minnow", "bob", 2)
    bad = event("whale", "eve", "bad", "swallow")

    report = executor(connection).execute([lane(minnow), lane([whale[0], bad, whale[1]])])

    assert sorted(effects(connection)) == sorted(ids([*whale, *minnow]))
    assert done(report) == {("whale", 0): 3, ("minnow", 0): 2}
    ((*_, error),) = dead(connection)
    assert "did not leave its transaction ready to commit" in error


@pytest.mark.parametrize("sql", ["COMMIT", "ROLLBACK"])
def test_a_handler_that_ends_the_transaction_is_found(connection: psycopg.Connection, sql: str) -> None:
    bad = event("whale", "eve", "bad", "statement", sql=sql)

    report = executor(connection).execute([lane([bad]), lane(events("minnow", "bob", 1))])

    assert done(report) == {("whale", 0): 1, ("minnow", 0): 1}
    assert ("minnow", "bob-0") in effects(connection)


def test_a_handler_that_answers_nonsense_is_executed_once_and_counted_once(connection: psycopg.Connection) -> None:
    """Counting an event twice would trim one from its lane that was never executed."""

    def mute(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> None:
        handler.handle(connection, events, now)

    whale, minnow = events("whale", "ada", 3), events("minnow", "bob", 1)

    report = executor(connection, mute).execute([lane(whale), lane(minnow)])

    assert done(report) == {("whale", 0): 3, ("minnow", 0): 1}
    assert (effects(connection), dead(connection)) == (ids([*whale, *minnow]), [])


def test_a_retry_waits_keeps_the_order_and_counts(connection: psycopg.Connection) -> None:
    whale = events("whale", "ada", 4)
    later = event("whale", "ada", "later", "retry", delay=7.5)

    report = executor(connection).execute([lane([*whale[:2], later, *whale[2:]]), lane(events("minnow", "bob", 1))])

    assert report.outcomes["whale", 0] == LaneOutcome("whale", 0, 2, wait=7.5, tried=True)
    assert sorted(effects(connection)) == sorted([*ids(whale[:2]), ("minnow", "bob-0")])


def test_a_retry_is_a_dead_letter_after_its_last_try(connection: psycopg.Connection) -> None:
    later = event("whale", "ada", "later", "retry")
    waits = [executor(connection).execute([lane([later], tries=tries)]).outcomes["whale", 0].wait for tries in range(3)]

    assert waits == [0.0, 0.0, None]
    assert dead(connection) == [("whale", 0, "ada", "later", 3, dead(connection)[0][-1])]
    assert "not yet" in dead(connection)[0][-1]


def test_an_event_whose_process_died_too_often_is_buried_without_running(connection: psycopg.Connection) -> None:
    whale = events("whale", "ada", 2)

    report = executor(connection).execute([lane(whale[:1], tries=3)])
    executor(connection).execute([lane(whale[1:])])

    assert (report.dead, done(report)) == (1, {("whale", 0): 1})
    assert effects(connection) == ids(whale[1:])
    assert [row[3:] for row in dead(connection)] == [("ada-0", 3, "its process died, or it failed, 3 times")]


def test_an_event_that_was_done_is_never_buried(connection: psycopg.Connection) -> None:
    """Its process died after the commit, three times in a row."""
    whale = events("whale", "ada", 1)
    executor(connection).execute([lane(whale)])

    report = executor(connection).execute([lane(whale, tries=3)])

    assert (report.dead, done(report), dead(connection)) == (0, {("whale", 0): 1}, [])


def test_a_statement_that_takes_too_long_is_found_and_tried_again(connect: Connect) -> None:
    connection = connect(statement_timeout="100ms")
    stuck = event("whale", "eve", "stuck", "statement", sql="SELECT pg_sleep(10)")
    minnow = events("minnow", "bob", 2)

    report = executor(connection).execute([lane(minnow), lane([stuck])])
    assert report.outcomes["whale", 0] == LaneOutcome("whale", 0, 0, wait=0.5, tried=True)
    last = executor(connection).execute([lane([stuck], tries=2)])

    assert effects(connection) == ids(minnow)
    assert (last.dead, dead(connection)[0][3:5]) == (1, ("stuck", 3))


def test_bytes_that_are_no_event_are_buried_as_they_are(connection: psycopg.Connection) -> None:
    whale = [encode(one) for one in events("whale", "ada", 2)]
    hostile = [b"", b"\x00\xff", b"{}", b"[" * 100_000]
    mixed = FetchedLane("whale", 0, 0, [whale[0], *hostile, whale[1]])

    report = executor(connection).execute([mixed, lane(events("minnow", "bob", 1))])

    assert (report.dead, done(report)) == (4, {("whale", 0): 6, ("minnow", 0): 1})
    assert sorted(effects(connection)) == [("minnow", "bob-0"), ("whale", "ada-0"), ("whale", "ada-1")]
    rows = connection.execute("SELECT payload FROM engine_deadletter ORDER BY id").fetchall()
    assert rows == [(raw,) for raw in hostile]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(('"a"', '"a\\u0000b"'), id="NUL in the lead"),
        pytest.param(('"order-1"', '"\\u0000"'), id="NUL in the id"),
        pytest.param(('"purchase"', '"fail\\u0000"'), id="NUL in the type"),
        pytest.param(("2026-03-01T12:00:00Z", "0001-01-01T00:00:00+14:00"), id="first day"),
        pytest.param(("2026-03-01T12:00:00Z", "9999-12-31T23:59:59-14:00"), id="last day"),
        pytest.param(('"data":{}', '"data":' + '{"a":' * 950 + "1" + "}" * 950), id="deep"),
        pytest.param(('"data":{}', '"data":{"n":1e400}'), id="a number too large"),
        pytest.param(('"data":{}', '"data":{"n":99999999999999999999}'), id="a number too long"),
    ],
)
def test_an_event_nobody_foresaw_ends_and_lets_the_others_pass(
    connection: psycopg.Connection, line: tuple[str, str]
) -> None:
    """Executed or buried: never tried for ever, never a fault of the whole bundle."""
    text = (
        '{"id":"order-1","lead":"a","type":"purchase","accepted_at":"2026-03-01T12:00:00Z",'
        '"occurred_at":"2026-03-01T12:00:00Z","data":{}}'
    ).replace(*line)

    report = executor(connection).execute(
        [FetchedLane("whale", 0, 0, [text.encode()]), lane(events("minnow", "bob", 1))]
    )

    assert done(report) == {("whale", 0): 1, ("minnow", 0): 1}
    assert len(dead(connection)) + len(effects(connection)) == 2
    assert all(outcome.wait is None for outcome in report.outcomes.values())


def test_a_lane_without_events_is_no_fault(connection: psycopg.Connection) -> None:
    minnow = events("minnow", "bob", 1)

    report = executor(connection).execute([FetchedLane("whale", 0, 0, []), lane(minnow)])

    assert (effects(connection), done(report)) == (ids(minnow), {("whale", 0): 0, ("minnow", 0): 1})
    assert done(executor(connection).execute([FetchedLane("whale", 0, 0, [])])) == {("whale", 0): 0}


def test_a_connection_cut_in_the_middle_means_nothing_was_done(connect: Connect) -> None:
    connection, watch = connect(), connect()
    whale, minnow = events("whale", "ada", 3), events("minnow", "bob", 1)
    cut = event("whale", "eve", "cut", "statement", sql="SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseDown):
        executor(connection).execute([lane([*whale, cut]), lane(minnow)])

    assert connection.closed
    assert (effects(watch), dead(watch)) == ([], [])
    executor(watch).execute([lane(whale), lane(minnow)])
    assert effects(watch) == ids([*whale, *minnow])


def test_a_handler_that_hides_a_cut_connection_behind_its_own_error_buries_nobody(connect: Connect) -> None:
    connection, watch = connect(), connect()

    def hide(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> dict[str, float]:
        try:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        except psycopg.Error as error:
            raise RuntimeError("something went wrong") from error
        return {}

    with pytest.raises(DatabaseDown):
        executor(connection, hide).execute([lane(events("whale", "ada", 1))])

    assert dead(watch) == []


def test_a_handler_idle_in_its_transaction_loses_its_connection(connect: Connect) -> None:
    connection, watch = connect(idle_in_transaction_session_timeout="50ms"), connect()
    idle = event("whale", "ada", "idle", "slow", seconds=0.3)

    with pytest.raises(DatabaseDown):
        executor(connection).execute([lane([idle])])

    assert connection.closed
    assert (effects(watch), dead(watch)) == ([], [])


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Fails when the condition is not true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def is_waiting_for_a_lock(watch: psycopg.Connection, of: psycopg.Connection) -> bool:
    query = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
    return watch.execute(query, [of.info.backend_pid]).fetchone() == (True,)
