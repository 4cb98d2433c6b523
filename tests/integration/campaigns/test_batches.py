"""Batches: frozen audiences, members told once whatever breaks off, nobody in another's way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from campaigns import batches, batching, housekeeping, operations
from campaigns.models import Batch, Campaign
from campaigns.tenancy import tenant_context
from engine import enqueue
from engine.errors import LaneFull
from engine.lanes import lanes
from engine.types import Event
from tests.integration.campaigns.bundling import execute
from tests.integration.campaigns.newsletter import (
    ODD,
    SAME,
    add_leads,
    counted,
    document,
    members,
    news,
    notes,
    seen,
    set_up,
    start,
    turns,
)
from tests.integration.campaigns.world import ACME, ZETA, make_campaign


@pytest.fixture
def worker(clean: None, worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """Two tenants with ten leads each and a campaign for those with odd numbers; pages of three, chunks of two."""
    set_up(worker, monkeypatch)
    return worker


def count_all(worker: psycopg.Connection, batch: Batch) -> None:
    turns(worker, lambda: seen(batch).state != "counting")


def finish(worker: psycopg.Connection, batch: Batch) -> None:
    turns(worker, lambda: seen(batch).due_at is None)


def told(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(event.tenant, event.lead) for event in events]


def test_every_member_of_the_audience_runs_through_the_campaign_once(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    batch = start()
    assert counted(news()) == 5
    finish(worker, batch)

    execute(worker, pushed)
    assert notes(worker) == [(ACME, key) for key in "13579"]
    after = seen(batch)
    assert (after.state, after.total, after.sent, after.version, after.started_by) == ("done", 5, 5, 1, "ann")
    assert members(batch) == 0


def test_each_tenant_has_its_own_members(worker: psycopg.Connection, pushed: list[Event]) -> None:
    for batch in [start(ACME), start(ZETA)]:
        finish(worker, batch)
    assert sorted(told(pushed)) == [(tenant, key) for tenant in (ACME, ZETA) for key in "13579"]


def test_the_audience_stays_as_it_was_when_it_was_frozen(worker: psycopg.Connection, pushed: list[Event]) -> None:
    batch = start()
    count_all(worker, batch)
    worker.execute("UPDATE campaigns_lead SET fields = '{\"orders\": 2}' WHERE key = '1'")
    worker.execute("UPDATE campaigns_lead SET fields = '{\"orders\": 1}' WHERE key = '2'")
    worker.execute("UPDATE campaigns_lead SET deleted_at = now() WHERE key = '3'")
    add_leads(worker, ACME, 101, 101)
    finish(worker, batch)

    assert told(pushed) == [(ACME, key) for key in "1579"]
    assert (seen(batch).total, seen(batch).sent) == (5, 4)


def test_who_is_created_while_members_are_found_is_none(worker: psycopg.Connection, pushed: list[Event]) -> None:
    batch = start()
    turns(worker, lambda: seen(batch).cursor > 0)
    worker.execute("INSERT INTO campaigns_lead (tenant_id, key, fields) VALUES ('acme', 'late', '{\"orders\": 1}')")
    finish(worker, batch)
    assert (ACME, "late") not in told(pushed)


def test_memory_decides_where_the_database_cannot(worker: psycopg.Connection, pushed: list[Event]) -> None:
    with tenant_context(ACME):
        make_campaign(ACME, "same", document({"all": [ODD, SAME]}))
        batch = batches.start(Campaign.objects.get(key="same"), by="ann")
    finish(worker, batch)
    assert told(pushed) == [(ACME, "3"), (ACME, "9")]


class Crash(BaseException):
    """The process ends here."""


STATEMENTS = [name for name in batching.QUERIES if name not in ("remove_members", "retire_batch", "cancel_batch")]


@pytest.mark.parametrize("broken", STATEMENTS)
def test_a_crash_at_any_step_repeats_it_and_changes_nothing(
    worker: psycopg.Connection, pushed: list[Event], broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = start()
    for _ in range(30):
        for name in (broken, ""):
            with monkeypatch.context() as patch:
                if name:
                    patch.setitem(batching.QUERIES, name, "SELECT 1 / 0")
                with contextlib.suppress(psycopg.errors.DivisionByZero):
                    batching._turn(worker, lambda: datetime.now(UTC) + timedelta(hours=1), [])
    assert seen(batch).state == "done"

    execute(worker, pushed)
    assert notes(worker) == [(ACME, key) for key in "13579"]
    assert (seen(batch).total, seen(batch).sent, members(batch)) == (5, 5, 0)


def test_a_crash_after_the_push_tells_them_again_by_the_same_ids(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed: list[Event] = []

    def push(events: Sequence[Event]) -> None:
        pushed.extend(events)
        raise Crash

    batch = start()
    count_all(worker, batch)
    with monkeypatch.context() as patch:
        patch.setattr(enqueue, "push", push)
        with pytest.raises(Crash):
            turns(worker, lambda: False)
    monkeypatch.setattr(enqueue, "push", pushed.extend)
    finish(worker, batch)

    assert told(pushed) == [(ACME, key) for key in "1313579"]
    execute(worker, pushed)
    assert notes(worker) == [(ACME, key) for key in "13579"]


def test_while_the_campaign_is_paused_nobody_is_told(worker: psycopg.Connection, pushed: list[Event]) -> None:
    batch = start()
    turns(worker, lambda: seen(batch).sent > 0)
    operations.pause(news())
    for _ in range(20):
        batching._turn(worker, lambda: datetime.now(UTC) + timedelta(hours=1), [])
    assert (seen(batch).state, seen(batch).sent) == ("sending", 2)

    operations.resume(news())
    turns(worker, lambda: seen(batch).state == "done" or not _later(worker))
    assert sorted(told(pushed)) == [(ACME, key) for key in "13579"]


def _later(worker: psycopg.Connection) -> bool:
    """Let what rests have its turn."""
    return worker.execute("UPDATE campaigns_batch SET due_at = now() WHERE due_at IS NOT NULL").rowcount > 0


@pytest.mark.parametrize("end", [operations.abort, operations.archive])
def test_an_emptied_campaign_cancels_its_batches(
    worker: psycopg.Connection, pushed: list[Event], end: Callable[[Campaign], None]
) -> None:
    batch, other = start(), start(ZETA)
    turns(worker, lambda: seen(batch).sent > 0)
    end(news())
    finish(worker, batch)
    finish(worker, other)

    assert (seen(batch).state, seen(batch).note) == ("cancelled", "the campaign was emptied")
    assert (seen(other).state, members(batch)) == ("done", 0)
    assert len([event for event in pushed if event.tenant == ACME]) == 2


def test_a_batch_that_was_cancelled_tells_no_more_and_forgets_its_members(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    batch = start()
    turns(worker, lambda: seen(batch).sent > 0)
    with pytest.raises(Batch.DoesNotExist):
        batches.cancel(ZETA, batch.pk, by="bob")
    batches.cancel(ACME, batch.pk, by="ann")
    finish(worker, batch)

    assert (seen(batch).state, seen(batch).note, members(batch), len(pushed)) == ("cancelled", "by ann", 0, 2)
    with pytest.raises(operations.WrongState, match="The batch is cancelled"):
        batches.cancel(ACME, batch.pk, by="ann")


def test_a_member_whose_lane_is_full_is_told_later(worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: list[Event] = []
    full = True

    def push(events: Sequence[Event]) -> None:
        refused = [event for event in events if full and event.lead == "1"]
        pushed.extend(event for event in events if event not in refused)
        if refused:
            raise LaneFull(refused)

    monkeypatch.setattr(enqueue, "push", push)
    batch = start()
    turns(worker, lambda: seen(batch).sent == 4)
    full = False
    finish(worker, batch)
    assert sorted(told(pushed)) == [(ACME, key) for key in "13579"]


def test_a_batch_waits_while_much_of_the_tenant_waits(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an event of the tenant finds before it is bounded: what makes lanes deep, and one chunk."""
    monkeypatch.setattr(batching, "SHALLOW", 1)
    batch, other = start(), start(ZETA)
    turns(worker, lambda: seen(batch).sent > 0 and seen(other).sent > 0)
    for _ in range(20):
        batching._turn(worker, lambda: datetime.now(UTC) + timedelta(hours=1), [])

    assert (seen(batch).sent, seen(other).sent) == (2, 2)
    assert lanes().waiting(ACME) == 2

    lanes().client.flushdb()
    turns(worker, lambda: seen(batch).sent == 4 or not _later(worker))
    assert lanes().waiting(ACME) == 2


def test_the_bound_is_what_is_documented() -> None:
    assert batching.MOST_BEFORE == 2_000


def test_nobodys_many_members_make_another_tenants_batch_wait(worker: psycopg.Connection, pushed: list[Event]) -> None:
    add_leads(worker, ACME, 1001, 1300)
    for _ in range(3):
        start(ACME)
    other = start(ZETA)
    had = []
    for _ in range(40):
        tenant = batching._turn(worker, lambda: datetime.now(UTC), had)
        had = [*had, tenant] if tenant else []
        if seen(other).state == "done":
            break
    assert seen(other).state == "done"


def test_only_a_running_campaign_with_an_audience_is_started(worker: psycopg.Connection) -> None:
    with tenant_context(ACME):
        plain = Campaign.objects.get(key="count")
    with pytest.raises(operations.Refused, match="has no trigger batch"):
        batches.start(plain, by="ann")
    operations.pause(news())
    with pytest.raises(operations.WrongState, match="paused"):
        batches.start(news(), by="ann")


def test_the_number_of_batches_under_way_is_bounded(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "OPEN_LIMIT", 1)
    start(ACME)
    start(ZETA)
    with pytest.raises(operations.Refused, match="under way"):
        start(ACME)


def over(tenant: str, *days: int) -> list[Batch]:
    """Batches that ended so many days ago."""
    now = datetime.now(UTC)
    with tenant_context(tenant):
        return [
            Batch.objects.create(
                tenant_id=tenant, campaign=news(tenant), version=1, state="cancelled", started_by="ann", due_at=None,
                ended_at=now - timedelta(days=ago),
            )
            for ago in days
        ]  # fmt: skip


def left(tenant: str) -> set[int]:
    with tenant_context(tenant):
        return set(Batch.objects.values_list("pk", flat=True))


def test_batches_that_ended_long_ago_are_forgotten_but_the_last_of_each_campaign(worker: psycopg.Connection) -> None:
    before = left(ACME), left(ZETA)
    _, _, young, last = over(ACME, 100, 91, 89, 100)
    unfinished, _, theirs = over(ZETA, 100, 100, 100)
    worker.execute("UPDATE campaigns_batch SET due_at = now() WHERE id = %s", [unfinished.pk])

    assert housekeeping.forget_batches(worker, batch=2) == 3

    assert left(ACME) == before[0] | {young.pk, last.pk}
    assert left(ZETA) == before[1] | {unfinished.pk, theirs.pk}
    assert housekeeping.forget_batches(worker) == 0
