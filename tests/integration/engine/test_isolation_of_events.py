"""A failing event stands alone: its neighbours go on, it is tried again or parked as a dead letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg
import pytest

from engine.lanes import FetchedLane, LaneOutcome
from engine.types import Event, Handled, encode
from tests import handler
from tests.events import event, events
from tests.integration.engine.bundles import Connect, dead, done, effects, executor, ids, lane

pytestmark = pytest.mark.usefixtures("effects")


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

    def mute(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> Handled:
        handler.handle(connection, events, now)
        return Handled(None)  # type: ignore[arg-type]

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
