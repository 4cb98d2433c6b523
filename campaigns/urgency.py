"""Events that come about in a transaction of Django's: on their way to the outbox they are told to be urgent or not."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from campaigns.schema_source import source_of
from campaigns.tenancy import connection_of
from engine import outbox
from engine.sql import load
from engine.types import Event

QUERIES = load("campaigns.sql", "rulebook.sql")


def record(tenant: str, events: Sequence[Event]) -> None:
    """Write events of a tenant into the open transaction, as outbox.record() does. Needs the tenant's context."""
    outbox.record(tenant, _told(tenant, events))


def _told(tenant: str, events: Sequence[Event]) -> Sequence[Event]:
    """The campaigns as this transaction sees them: nothing is kept, for it may be rolled back."""
    if not connection_of(tenant).execute(QUERIES["has_urgent_campaigns"], [tenant]).fetchone()[0]:
        return events
    urgent = source_of(tenant).schema(tenant).urgent
    return [
        msgspec.structs.replace(event, urgent=True) if urgent.hears(event.type, event.data) else event
        for event in events
    ]
