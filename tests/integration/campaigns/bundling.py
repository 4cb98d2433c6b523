"""Events executed at a moment that the test chooses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg

from campaigns import handler
from engine.types import Event
from tests.integration.engine.bundles import executor, lane

NOW = datetime.now(UTC).replace(microsecond=0)


def purchase(tenant: str, lead: str = "1", id: str = "p1", at: datetime = NOW) -> Event:
    """An event from outside."""
    return Event(id=id, tenant=tenant, lead=lead, type="purchase", accepted_at=at, occurred_at=at, data={"amount": "1"})


def execute(worker: psycopg.Connection, events: Sequence[Event], now: datetime = NOW) -> None:
    """One lane's events; none of them may be buried."""
    if events:
        assert executor(worker, handler.handle, clock=lambda: now).execute([lane(events)]).dead == 0


def due(pushed: Sequence[Event], tenant: str | None = None) -> list[Event]:
    """Of what was pushed, the runs that are told that their time has come."""
    return [event for event in pushed if event.type == "run.due" and tenant in (None, event.tenant)]
