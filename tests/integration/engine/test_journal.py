"""The journal: who may do what with it, what is settled, what is dropped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import errors as database_errors

from engine import control, enqueue, journalled, maintenance
from engine.embedded import Servers
from engine.errors import BrokerDown, TenantDraining
from engine.journal import Journal, pack
from engine.lanes import lanes
from engine.types import Event, encode
from tests.events import event
from tests.integration.engine.bundles import ids
from tests.integration.engine.journalling import fresh, journal_on, lose_everything, rebuild_now, settled
from tests.integration.engine.journalling import journalled as in_journal
from tests.integration.engine.spilling import Node, buffered, by_lead, depth, limit, orders, push_one_by_one

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


@pytest.fixture
def journal(small_lanes: None, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    with journal_on(monkeypatch) as on:
        limit(monkeypatch, lane_limit=100)
        rebuild_now(watch)
        yield on


def age(owner: psycopg.Connection, seconds: float) -> None:
    """As if everything in the journal had been written earlier."""
    owner.execute("ALTER TABLE engine_journal NO FORCE ROW LEVEL SECURITY")
    try:
        owner.execute("UPDATE engine_journal SET created_at = created_at - make_interval(secs => %s)", [seconds])
    finally:
        owner.execute("ALTER TABLE engine_journal FORCE ROW LEVEL SECURITY")


def partitions(watch: psycopg.Connection) -> set[str]:
    rows = watch.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'engine_journal'::regclass"
    )
    return {name for (name,) in rows}


def test_without_the_setting_nothing_is_journalled(watch: psycopg.Connection) -> None:
    enqueue.push([*fresh("whale", "ada", 2), *fresh("minnow", "bob", 1)])

    assert (in_journal(watch), depth("whale"), depth("minnow")) == ([], 2, 1)


def test_events_of_all_tenants_share_a_row(journal: Journal, watch: psycopg.Connection) -> None:
    enqueue.push([*fresh("whale", "ada", 2), *fresh("minnow", "bob", 1)])

    rows = watch.execute("SELECT events, first_accepted_at <= last_accepted_at FROM engine_journal").fetchall()
    assert rows == [(3, True)]
    assert [tenant for tenant, _ in in_journal(watch)] == ["whale", "whale", "minnow"]


def test_the_row_is_there_before_the_event_is_pushed(
    journal: Journal, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its process dies now, somebody has it."""

    def die(*_: object) -> list[object]:
        raise SystemExit

    monkeypatch.setattr(enqueue, "_deliver", die)
    with pytest.raises(SystemExit):
        enqueue.push([*fresh("whale", "ada", 1), *fresh("minnow", "bob", 1)])

    assert len(in_journal(watch)) == 2


def test_while_the_journal_cannot_be_written_nothing_is_accepted(
    journal: Journal, servers: Servers, watch: psycopg.Connection
) -> None:
    push_one_by_one([*fresh("whale", "ada", 1), *fresh("minnow", "bob", 1)])
    servers.postgres.kill()
    try:
        with pytest.raises(BrokerDown, match="the journal cannot be written"):
            enqueue.push(fresh("whale", "ada", 1, first=1))
        assert depth("whale") == 1
    finally:
        servers.postgres.start()
        connection.close()
    enqueue.push(fresh("whale", "ada", 1, first=1))
    assert depth("whale") == 2


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_drained_tenant_is_refused_before_anything_is_journalled(
    forgotten: bool, journal: Journal, watch: psycopg.Connection
) -> None:
    whale, minnow = fresh("whale", "ada", 2), fresh("minnow", "bob", 1)
    control.drain("whale")
    if forgotten:
        lose_everything()

    with pytest.raises(TenantDraining) as error:
        enqueue.push([*whale, *minnow])

    assert error.value.refused == whale
    assert [tenant for tenant, _ in in_journal(watch)] == ["minnow"]


def test_what_is_journalled_is_accepted_though_its_tenant_is_drained_now(
    journal: Journal, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = fresh("whale", "ada", 2), fresh("minnow", "bob", 1)
    write = journal.write

    def then_drain(lanes_of: Any) -> None:
        write(lanes_of)
        control.drain("whale")

    monkeypatch.setattr(journal, "write", then_drain)
    enqueue.push([*whale, *minnow])

    assert (depth("whale"), depth("minnow")) == (2, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM engine_journal",
        "UPDATE engine_journal SET events = 0",
        "DELETE FROM engine_journal",
        "SELECT settled FROM engine_journalstate",
        "SELECT id FROM engine_journal_other",
        "SELECT engine_journal_partitions(1)",
    ],
)
def test_the_application_may_only_add(statement: str, journal: Journal) -> None:
    enqueue.push([*fresh("whale", "ada", 1), *fresh("minnow", "bob", 1)])
    with (
        psycopg.connect(os.environ["DATABASE_URL"]) as app,
        pytest.raises(database_errors.InsufficientPrivilege),
    ):
        app.execute(statement)


def test_no_partition_can_be_read_by_the_application(journal: Journal, watch: psycopg.Connection) -> None:
    for name in partitions(watch):
        with (
            psycopg.connect(os.environ["DATABASE_URL"]) as app,
            pytest.raises(database_errors.InsufficientPrivilege),
        ):
            app.execute(f"SELECT id FROM {name}")


def test_what_is_settled_is_noted_up_to_the_first_event_that_waits(
    journal: Journal, node: Node, watch: psycopg.Connection
) -> None:
    push_one_by_one([*fresh("whale", "ada", 2), *fresh("minnow", "bob", 1)])
    node.work()
    done = settled(watch)[1]
    push_one_by_one([*fresh("whale", "ada", 1, first=2), *fresh("minnow", "bob", 1, first=1)])

    maintenance.note_settled(watch)
    assert settled(watch) == (done, done + 2)

    node.work()
    maintenance.note_settled(watch)
    assert settled(watch) == (done + 2, done + 2)


def test_a_parked_event_is_settled(journal: Journal, node: Node, watch: psycopg.Connection) -> None:
    enqueue.push([*fresh("whale", "ada", 1, type="fail"), *fresh("minnow", "bob", 1)])
    node.work()
    maintenance.note_settled(watch)

    first, last = settled(watch)
    assert first == last


def test_a_row_that_is_being_written_is_waited_for(journal: Journal, watch: psycopg.Connection) -> None:
    """Else one with a smaller id could appear behind what is noted as settled."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as app:
        app.execute("SELECT pg_advisory_xact_lock_shared(hashtext('engine_journal'))")
        with pytest.raises(database_errors.LockNotAvailable):
            maintenance.note_settled(watch)


def test_an_event_whose_producer_died_before_the_push_gets_into_its_lane(
    journal: Journal, node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch,
    owner_connection: psycopg.Connection,
) -> None:  # fmt: skip
    journalled._given.clear()
    lost, kept = fresh("whale", "ada", 2), fresh("minnow", "bob", 1)
    with monkeypatch.context() as patch:
        patch.setattr(enqueue, "_deliver", lambda *_: None)
        enqueue.push(lost)
    enqueue.push(kept)
    maintenance.note_settled(watch)
    assert depth("whale") == 0  # its producer may only be slow

    age(owner_connection, 90)
    for _ in range(2):
        maintenance.note_settled(watch)
    assert depth("whale") == 2

    node.work()
    maintenance.note_settled(watch)
    assert orders(watch) == by_lead(ids([*lost, *kept]))
    first, last = settled(watch)
    assert first == last


@pytest.mark.breaks_lanes
def test_events_that_wait_in_their_lanes_are_left_alone(
    journal: Journal, watch: psycopg.Connection, owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    journalled._given.clear()
    limit(monkeypatch, lane_limit=1)
    push_one_by_one([*fresh("whale", "ada", 1), *fresh("minnow", "bob", 2)])
    lanes().client.delete("{fairlane}:t.minnow.0")  # what is left of the minnow waits in PostgreSQL
    age(owner_connection, 90)

    maintenance.note_settled(watch)

    assert (depth("whale"), depth("minnow"), buffered(watch)) == (1, 0, [("minnow", 1)])


def test_what_the_ledger_may_have_forgotten_is_not_put_back(journal: Journal, watch: psycopg.Connection) -> None:
    days = [timedelta(days=8), timedelta(days=6)]
    old = [event("whale", "ada", f"ada-{n}", at=datetime.now(UTC) - age, n=n) for n, age in enumerate(days)]
    found = [entry for n, one in enumerate(old, start=1) for entry in _entries(n, one)]

    assert [entry.event.id for entry in journalled.unsettled(watch, watch, found)] == ["ada-1"]


def _entries(row: int, one: Event) -> list[journalled.Entry]:
    return journalled.entries(row, pack([(one.tenant, 0, [encode(one), b"no event"])]))


def hour_before(watch: psycopg.Connection, owner: psycopg.Connection, hours: int) -> str:
    """Make the partition of an hour that is over."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    name = f"engine_journal_{at:%Y%m%d%H}"
    owner.execute(
        f"CREATE TABLE {name} PARTITION OF engine_journal FOR VALUES FROM ('{at}') TO ('{at + timedelta(hours=1)}')"
    )
    owner.execute(f"ALTER TABLE {name} OWNER TO fairlane_owner")
    return name


def test_an_hour_is_dropped_when_everything_in_it_is_settled(
    journal: Journal, node: Node, watch: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    old = hour_before(watch, owner_connection, 2)
    push_one_by_one([*fresh("whale", "ada", 2), *fresh("minnow", "bob", 1)])
    age(owner_connection, 7200)
    journalled.keep_partitions(watch)
    assert old in partitions(watch)

    node.work()
    maintenance.note_settled(watch)
    journalled.keep_partitions(watch)

    assert old not in partitions(watch)
    assert len(partitions(watch)) == 26  # this hour, a day ahead, and one for hours nobody made


def test_an_hour_of_which_the_ledger_may_have_forgotten_is_dropped_with_a_warning(
    journal: Journal, watch: psycopg.Connection, owner_connection: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    old = hour_before(watch, owner_connection, 8 * 24)
    push_one_by_one([*fresh("whale", "ada", 1), *fresh("minnow", "bob", 1)])
    age(owner_connection, 8 * 24 * 3600)

    journalled.keep_partitions(watch)

    assert old not in partitions(watch)
    assert "events wait for more than 7 days" in caplog.text


def test_hours_to_come_are_made(watch: psycopg.Connection, owner_connection: psycopg.Connection) -> None:
    name = sorted(partitions(watch) - {"engine_journal_other"})[-1]
    owner_connection.execute(f"DROP TABLE {name}")

    journalled.keep_partitions(watch)

    assert name in partitions(watch)
