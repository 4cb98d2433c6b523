"""A bundle in PostgreSQL: each effect once, nothing done that is not told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from engine import ledger
from engine.conf import conf
from engine.errors import DatabaseDown
from engine.executor import Report
from engine.lanes import LaneOutcome
from engine.types import Event, Handled
from tests import handler
from tests.events import event, events
from tests.integration.engine.bundles import Connect, dead, done, effects, executor, ids, lane

pytestmark = pytest.mark.usefixtures("effects")


def test_a_bundle_of_two_tenants_is_one_transaction_in_order(connection: psycopg.Connection) -> None:
    whale, minnow = events("whale", "ada", 5), events("minnow", "bob", 2)

    report = executor(connection).execute([lane(whale, 3), lane(minnow, 1)])

    assert effects(connection) == ids([*whale, *minnow])
    assert done(report) == {("whale", 3): 5, ("minnow", 1): 2}
    assert {tenant: cost.events for tenant, cost in report.cost().items()} == {"whale": 5, "minnow": 2}
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

    def crash(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> Handled:
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

    def hold(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> Handled:
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

    def hide(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> Handled:
        try:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        except psycopg.Error as error:
            raise RuntimeError("something went wrong") from error
        return Handled({})

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


def test_a_transaction_that_waits_for_its_process_longer_than_a_lease_is_ended(
    connect: Connect, settings: Any, watch: psycopg.Connection
) -> None:
    """Then its lanes are another's, who must not wait for it; thirty seconds later is too late."""
    settings.ENGINE = settings.ENGINE | {"lease_seconds": 1.0}
    conf.cache_clear()
    sleeper, heir = connect(), connect()
    conf.cache_clear()
    one = event("whale", "ada", "1")
    sleeper.execute("BEGIN")
    assert ledger.claim(sleeper, [one]) == [one]

    heir.execute("SET lock_timeout = '5s'")
    assert ledger.claim(heir, [one]) == [one]
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        sleeper.execute("COMMIT")
