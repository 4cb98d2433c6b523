"""Campaigns that the clock sets off, and a clock that is moved: maintenance and workers at a moment of the test's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from campaigns import handler, planning
from campaigns.models import Campaign, DueTime, Lead
from campaigns.rulebooks import RulebookCache
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.world import make_campaign
from tests.integration.engine.bundles import executor, lane

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTE = {"id": "note", "action": "add_note", "params": {"text": "on the day"}}


def publish(tenant: str, *triggers: dict[str, Any], steps: Sequence[Any] = (NOTE,), key: str = "renew") -> Campaign:
    with tenant_context(tenant):
        return make_campaign(tenant, key, {"triggers": list(triggers), "steps": list(steps)})


def add_leads(worker: psycopg.Connection, tenant: str, **dates: Any) -> None:
    """By key, the date of each; made as an import makes them, of which nobody hears."""
    for key, value in dates.items():
        fields = {} if value is None else {"renewal": value.isoformat()}
        query = "INSERT INTO campaigns_lead (tenant_id, key, fields) VALUES (%s, %s, %s)"
        worker.execute(query, [tenant, key, psycopg.types.json.Jsonb(fields)])


def plan(worker: psycopg.Connection, now: datetime) -> None:
    """As often as there is something to plan."""
    for _ in range(100):
        if not planning._plan_turn(worker, now, [], RulebookCache(size=10)):
            return
    raise AssertionError("it never ends")


def planned(tenant: str) -> dict[str, datetime]:
    with tenant_context(tenant):
        keys = dict(Lead.objects.values_list("id", "key"))
        rows = DueTime.objects.filter(version__gt=0).values_list("lead_id", "due_at")
        return {keys[lead]: at for lead, at in rows}


def execute(worker: psycopg.Connection, events: list[Event], now: datetime) -> None:
    todo, events[:] = list(events), []
    for tenant in sorted({event.tenant for event in todo}):
        mine = [event for event in todo if event.tenant == tenant]
        report = executor(worker, handler.handle, clock=lambda: now).execute([lane(mine)])
        assert report.dead == 0, worker.execute("SELECT error FROM engine_deadletter").fetchall()


def noted(worker: psycopg.Connection) -> list[tuple[str, str]]:
    query = (
        "SELECT a.tenant_id, l.key FROM campaigns_activity AS a JOIN campaigns_lead AS l"
        " ON l.tenant_id = a.tenant_id AND l.id = a.lead_id WHERE a.kind = 'note_added' ORDER BY a.tenant_id, a.id"
    )
    return worker.execute(query).fetchall()


def tick(worker: psycopg.Connection, pushed: list[Event], now: datetime) -> list[str]:
    """Maintenance at a moment, then workers. Returns the leads that were told."""
    plan(worker, now)
    planning.tell_due(worker, now)
    told = [event.lead for event in pushed if event.source == "timer"]
    execute(worker, pushed, now)
    return told
