"""Events that a handler's work gives rise to: written with its effects, in their lanes once these have committed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import psycopg
import pytest
from django.db import OperationalError

from engine import control, outbox
from engine.control import lane_counts
from engine.lanes import Lanes
from engine.lanes import connect as connect_redis
from engine.lanes import lanes as lanes_of_process
from engine.routing import lane_of
from engine.types import Event, Handled, decode
from tests import handler
from tests.events import event, events
from tests.integration.engine.bundles import Connect, executor, lane
from tests.integration.engine.bundles import effects as effects_of

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


class Crash(BaseException):
    """The process ends here."""


def crash(worker: psycopg.Connection, tenant: str, rows: Sequence[int]) -> None:
    raise Crash


def forward(connection: psycopg.Connection, todo: Sequence[Event], now: datetime) -> Handled:
    """The test handler's effect; each event of ada is followed by one for bob, of the same tenant."""
    handled = handler.handle(connection, todo, now)
    sent = [
        Event(
            id=f"after-{one.id}", tenant=one.tenant, lead="bob", type=one.type, accepted_at=now,
            occurred_at=one.occurred_at, data=one.data, source="campaign", depth=one.depth + 1,
        )
        for one in todo if one.lead == "ada"
    ]  # fmt: skip
    return Handled(handled.seconds, sent)


def rows_of(connection: psycopg.Connection) -> list[tuple[str, int]]:
    return connection.execute("SELECT tenant_id, size FROM engine_outbox ORDER BY id").fetchall()


def waiting(tenant: str) -> list[Event]:
    prefix = lanes_of_process().settings.prefix
    names = [f"{prefix}t.{tenant}.{number}" for number in range(lane_counts({tenant})[tenant])]
    return [decode(bytes(raw), tenant) for name in names for raw in lanes_of_process().client.lrange(name, 0, -1)]


def make_old(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE engine_outbox SET created_at = created_at - interval '1 minute'")


def test_they_are_in_their_lanes_when_the_bundle_is_done(connection: psycopg.Connection) -> None:
    executor(connection, forward).execute([lane(events("whale", "ada", 2)), lane(events("minnow", "ada", 1))])

    assert [(one.id, one.lead, one.depth) for one in waiting("whale")] == [
        ("after-ada-0", "bob", 1), ("after-ada-1", "bob", 1),
    ]  # fmt: skip
    assert [(one.tenant, one.id) for one in waiting("minnow")] == [("minnow", "after-ada-0")]
    assert rows_of(connection) == []


def test_all_of_a_bundle_are_written_in_one_statement_and_rows_of_a_hundred(connection: psycopg.Connection) -> None:
    sent = [*events("whale", "ada", 130), *events("minnow", "ada", 1)]
    with connection.transaction(force_rollback=True):
        written = outbox.write(connection, sent)

        assert rows_of(connection) == [("minnow", 1), ("whale", 100), ("whale", 30)]
        assert {tenant: len(rows) for tenant, rows in written.items()} == {"minnow": 1, "whale": 2}


def test_what_is_rolled_back_sends_nothing(connection: psycopg.Connection) -> None:
    bad = event("whale", "ada", "bad", "fail")

    executor(connection, forward).execute([lane([bad])])

    assert waiting("whale") == [] and rows_of(connection) == []


def test_after_a_crash_before_the_push_the_sweeper_pushes_them_once(
    connection: psycopg.Connection, connect: Connect
) -> None:
    bundle = [lane(events("whale", "ada", 2)), lane(events("minnow", "ada", 1))]
    with pytest.raises(Crash):
        executor(connection, forward, push=crash).execute(bundle)
    assert waiting("whale") == [] and len(rows_of(connection)) == 2
    executor(connection, forward).execute(bundle)  # the next owner: the ledger drops everything
    assert waiting("whale") == []

    make_old(connection)
    assert outbox.sweep(connect()) == 2

    assert [one.id for one in waiting("whale")] == ["after-ada-0", "after-ada-1"]
    executor(connection, forward).execute([lane(waiting("whale")), lane(waiting("minnow"))])
    assert outbox.sweep(connect()) == 0
    assert sorted(effects_of(connection)) == sorted(
        [("whale", "ada-0"), ("whale", "ada-1"), ("minnow", "ada-0"), ("whale", "after-ada-0"),
         ("whale", "after-ada-1"), ("minnow", "after-ada-0")]
    )  # fmt: skip


def test_what_a_crash_left_behind_goes_first(connection: psycopg.Connection) -> None:
    first, second = events("whale", "ada", 2)
    with pytest.raises(Crash):
        executor(connection, forward, push=crash).execute([lane([first])])
    make_old(connection)

    executor(connection, forward).execute([lane([second])])

    assert [one.id for one in waiting("whale")] == ["after-ada-0", "after-ada-1"]
    assert rows_of(connection) == []


def test_while_nobody_takes_events_they_stay_for_the_sweeper(
    connection: psycopg.Connection, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.enqueue.lanes", _nowhere)
    monkeypatch.setattr("engine.spill.accept", _refuse)
    executor(connection, forward).execute([lane(events("whale", "ada", 1))])
    assert effects_of(connection) == [("whale", "ada-0")] and rows_of(connection) == [("whale", 1)]
    monkeypatch.undo()

    make_old(connection)
    assert outbox.sweep(connect()) == 1
    assert [one.id for one in waiting("whale")] == ["after-ada-0"]


def _nowhere() -> Lanes:
    return Lanes(connect_redis("redis://127.0.0.1:1/0"), lanes_of_process().settings)


def _refuse(*_: object, **__: object) -> None:
    raise OperationalError("the server closed the connection unexpectedly")


def test_they_go_to_the_lane_of_their_own_lead(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(control._lane_counts, "whale", 16)
    (one,) = events("whale", "ada", 1)

    executor(connection, forward).execute([lane([one])])

    prefix, number = lanes_of_process().settings.prefix, lane_of("bob", 16)
    assert lanes_of_process().client.llen(f"{prefix}t.whale.{number}") == 1


def test_the_time_of_a_push_is_charged_to_its_tenant(connection: psycopg.Connection) -> None:
    pushed = []

    def push(worker: psycopg.Connection, tenant: str, rows: Sequence[int]) -> None:
        pushed.append((tenant, len(rows)))
        time.sleep(0.02)  # what it costs

    report = executor(connection, forward, push=push).execute([lane(events("whale", "ada", 1))])

    assert pushed == [("whale", 1)] and report.seconds["whale"] > report.own["whale"] + 0.02
