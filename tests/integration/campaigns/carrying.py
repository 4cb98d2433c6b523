"""Executing what waits in tenants' lanes, in the tests' own process, until nothing waits any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from campaigns import handler
from campaigns.tenancy import tenant_context
from engine import outbox
from engine.control import lane_counts
from engine.lanes import FetchedLane, lanes
from engine.types import Event
from tests.integration.campaigns.world import make_campaign
from tests.integration.engine.bundles import executor, lane


class Crash(BaseException):
    """The process ends here."""


def crash(worker: psycopg.Connection, tenant: str, rows: Sequence[int]) -> None:
    """In place of the push after the commit."""
    raise Crash


def purchase(tenant: str, lead: str = "1", id: str = "e1", **data: Any) -> Event:
    now = datetime.now(UTC)
    return Event(
        id=id, tenant=tenant, lead=lead, type="purchase", accepted_at=now, occurred_at=now,
        data={"amount": "1"} | data,
    )  # fmt: skip


def publish(tenant: str, key: str, *steps: dict[str, Any], **more: Any) -> None:
    """A running campaign on a purchase, unless it says otherwise."""
    document = {"triggers": [{"type": "event", "event": "purchase"}], "steps": list(steps)} | more
    with tenant_context(tenant):
        make_campaign(tenant, key, document)


def step(action: str, id: str = "one", **params: Any) -> dict[str, Any]:
    return {"id": id, "action": action, "params": params}


def execute(worker: psycopg.Connection, *events: Event, **settings: Any) -> None:
    """One bundle with a lane of these events for each tenant."""
    lanes_of = [lane([one for one in events if one.tenant == tenant]) for tenant in {one.tenant: 0 for one in events}]
    report = executor(worker, handler.handle, **settings).execute(lanes_of)
    assert report.dead == 0, worker.execute("SELECT error FROM engine_deadletter").fetchall()


def waiting(*tenants: str) -> list[FetchedLane]:
    """What is in the tenants' lanes; it is there no more."""
    found = []
    for tenant in tenants:
        for number in range(lane_counts({tenant})[tenant]):
            name = f"{lanes().settings.prefix}t.{tenant}.{number}"
            raw = [bytes(one) for one in lanes().client.lrange(name, 0, -1)]
            if raw:
                found.append(FetchedLane(tenant, number, 0, raw))
    lanes().client.flushdb()
    return found


def carry_on(worker: psycopg.Connection, *tenants: str) -> int:
    """Execute what waits, and what arises from it, each lane in a bundle of its own. Returns how many events."""
    count = 0
    while found := waiting(*tenants):
        for one in found:
            report = executor(worker, handler.handle).execute([one])
            assert report.dead == 0, worker.execute("SELECT error FROM engine_deadletter").fetchall()
            count += len(one.events)
        assert count < 1000, "it does not end"
    return count


def sweep(worker: psycopg.Connection) -> int:
    """What the sweeper finds some seconds later."""
    worker.execute("UPDATE engine_outbox SET created_at = created_at - interval '1 minute'")
    return outbox.sweep(worker)


def lead_row(worker: psycopg.Connection, tenant: str, key: str) -> dict[str, Any] | None:
    """A lead as it is stored."""
    query = "SELECT to_jsonb(l) FROM campaigns_lead AS l WHERE tenant_id = %s AND key = %s"
    row = worker.execute(query, [tenant, key]).fetchone()
    return row[0] if row else None


def history(worker: psycopg.Connection, tenant: str, key: str) -> list[tuple[str, str | None, str | None]]:
    """Kind, step and outcome of a lead's activities in their order."""
    query = (
        "SELECT a.kind, a.step, a.data->>'outcome' FROM campaigns_activity AS a JOIN campaigns_lead AS l"
        " ON l.tenant_id = a.tenant_id AND l.id = a.lead_id WHERE l.tenant_id = %s AND l.key = %s ORDER BY a.id"
    )
    return worker.execute(query, [tenant, key]).fetchall()
