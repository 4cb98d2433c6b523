"""From the end of a wait to the effects behind it: the real waker, lanes and executor, and a million who rest."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections

from campaigns import handler, runs
from campaigns.models import FieldDefinition
from campaigns.tenancy import tenant_context
from engine import db, enqueue
from engine.maintenance import Maintenance
from engine.types import Event
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant
from tests.integration.engine.bundles import executor
from tests.integration.engine.spilling import Node

LEADS = 50  #: of each tenant
NOTE = {"id": "note", "action": "add_note", "params": {"text": "late"}}
WAIT = {"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 1, "unit": "days"}}}
THROTTLE = {"id": "slow", "action": "throttle", "params": {"key": "a", "rate": 1000, "per": "second", "burst": 1000}}


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)


def publish(*steps: dict[str, Any]) -> None:
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "late", {"triggers": [{"type": "event", "event": "purchase"}], "steps": list(steps)})


@pytest.fixture
def node() -> Iterator[Node]:
    """A worker with a connection of its own."""
    with db.connect(os.environ["WORKER_DATABASE_URL"], "fairlane-test") as connection:
        connection.autocommit = True
        yield Node(executor(connection, handler.handle))


@pytest.fixture
def maintained() -> Iterator[None]:
    """`manage.py maintain`, as its thread does it."""
    over = threading.Event()

    def maintain() -> None:
        maintenance = Maintenance()
        while not over.wait(maintenance.run_due()):
            pass
        maintenance.close()
        connections.close_all()

    thread = threading.Thread(target=maintain)
    thread.start()
    yield
    over.set()
    thread.join(30)


def send(now: datetime) -> None:
    enqueue.push([
        Event(id=f"p{lead}", tenant=tenant, lead=f"lead-{lead}", type="purchase", accepted_at=now, occurred_at=now,
              data={"amount": "1"})
        for tenant in (ACME, ZETA) for lead in range(LEADS)
    ])  # fmt: skip


def bring_forward(worker: psycopg.Connection, until: datetime) -> None:
    """The day of the wait is nearly over."""
    state = psycopg.types.json.Jsonb({"until": until.isoformat()})
    query = "UPDATE campaigns_parkedrun SET wake_at = %s, state = state || %s WHERE campaign_id > 0"
    assert worker.execute(query, [until, state]).rowcount == 2 * LEADS


def noted(worker: psycopg.Connection) -> dict[str, list[datetime]]:
    query = "SELECT tenant_id, recorded_at FROM campaigns_activity WHERE kind = 'note_added'"
    found: dict[str, list[datetime]] = {ACME: [], ZETA: []}
    for tenant, at in worker.execute(query):
        found[tenant].append(at)
    return found


def work_until_noted(worker: psycopg.Connection, node: Node, deadline: datetime) -> datetime:
    """Execute what there is until everybody has the note. Returns when that was committed."""
    while datetime.now(UTC) < deadline:
        if not node.turn():
            time.sleep(0.02)
        elif all(len(at) == LEADS for at in noted(worker).values()):
            return datetime.now(UTC)
    raise AssertionError({tenant: len(at) for tenant, at in noted(worker).items()})


def test_a_waits_end_is_acted_on_within_two_seconds(
    worker: psycopg.Connection, node: Node, maintained: None, record_property: Any
) -> None:
    publish(WAIT, NOTE)
    send(datetime.now(UTC))
    node.work()
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    bring_forward(worker, until)

    done = work_until_noted(worker, node, until + timedelta(seconds=20))

    record_property("seconds", (done - until).total_seconds())
    print(f"all committed {(done - until).total_seconds():.2f} s after the end of the wait")
    assert all(at >= until for each in noted(worker).values() for at in each)
    assert done - until < timedelta(seconds=2)


def test_a_date_is_acted_on_within_two_seconds(
    worker: psycopg.Connection, node: Node, maintained: None, record_property: Any
) -> None:
    """Also by who was planned a moment before."""
    until = datetime.now(UTC) + timedelta(seconds=3)
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            FieldDefinition.objects.create(tenant_id=tenant, key="renewal", label="Renewal", type="datetime")
            make_campaign(
                tenant, "renew", {"triggers": [{"type": "date_reached", "field": "renewal"}], "steps": [NOTE]}
            )
        worker.execute(
            "INSERT INTO campaigns_lead (tenant_id, key, fields) SELECT %s, 'lead-' || n, %s"
            " FROM generate_series(1, %s) AS n",
            [tenant, psycopg.types.json.Jsonb({"renewal": until.isoformat()}), LEADS],
        )

    done = work_until_noted(worker, node, until + timedelta(seconds=20))

    record_property("seconds", (done - until).total_seconds())
    print(f"all committed {(done - until).total_seconds():.2f} s after their date")
    assert all(at >= until for each in noted(worker).values() for at in each)
    assert done - until < timedelta(seconds=2)


def test_a_free_slot_is_acted_on_within_two_seconds(worker: psycopg.Connection, node: Node, maintained: None) -> None:
    publish(THROTTLE, NOTE)
    began = datetime.now(UTC)
    send(began)

    done = work_until_noted(worker, node, began + timedelta(seconds=20))

    print(f"all committed {(done - began).total_seconds():.2f} s after they were sent")
    assert done - began < timedelta(seconds=2)


def test_who_rests_is_left_alone(worker: psycopg.Connection, node: Node) -> None:
    publish(WAIT, NOTE)
    send(datetime.now(UTC))
    node.work()
    assert runs.wake_due(worker) == 0
    assert not node.turn()


MILLION = 1_000_000


@pytest.mark.benchmark
def test_a_million_who_rest_cost_the_waker_no_scan(
    worker: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    """Half of them wait for a time to come, half for an event. See what it prints."""
    worker.execute("SET statement_timeout = 0")
    worker.execute(
        """
        WITH leads AS (
            INSERT INTO campaigns_lead (tenant_id, key)
            SELECT tenant, 'r' || n FROM unnest(%s::text[]) AS tenant, generate_series(1, 500) AS n
            RETURNING tenant_id, id
        )
        INSERT INTO campaigns_parkedrun
            (tenant_id, lead_id, id, campaign_id, version, key, step, wake_at, waits, entered_at, state)
        SELECT tenant_id, leads.id, n, 1, 1, '', 'wait', CASE n %% 2 WHEN 0 THEN now() + n * interval '1 hour' END,
               1, now(), '{"type": "purchase"}'
        FROM leads, generate_series(1, %s) AS n
        """,
        [[ACME, ZETA], MILLION // 1000],
    )
    owner_connection.execute("ANALYZE campaigns_parkedrun")

    parameters = {"now": datetime.now(UTC), "had": [], "limit": 1000, "again": datetime.now(UTC)}
    ((plan,),) = worker.execute("EXPLAIN (FORMAT JSON) " + runs.QUERIES["take_due_runs"], parameters).fetchall()
    nodes = list(nodes_of(plan[0]["Plan"]))
    assert "campaigns_run_due" in {node.get("Index Name") for node in nodes}
    assert "campaigns_parkedrun" not in {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}

    for chore in (runs.wake_due, runs.tend):
        took = []
        for _ in range(30):
            began = time.perf_counter()
            assert not chore(worker)
            took.append(time.perf_counter() - began)
        median, most = statistics.median(took) * 1000, max(took) * 1000
        print(f"{chore.__name__}, none of {MILLION:,} due: {median:.2f} ms, at most {most:.2f} ms")
        assert median < (5 if chore is runs.wake_due else 20)


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All parts of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes_of(part)
