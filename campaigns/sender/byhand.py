"""What people do with deliveries: have some tried again, cancel others. Needs the tenant's context."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from campaigns import urgency
from campaigns.sender.claims import QUERIES, claimed_of
from campaigns.sender.results import Forbidden, event_of, settled
from campaigns.tenancy import connection_of


def retry(tenant: str, ids: Sequence[int]) -> int:
    """Try those anew that failed, as soon as a sender has room. Returns how many."""
    return int(connection_of(tenant).execute(QUERIES["retry_deliveries"], [tenant, list(ids)]).rowcount)


def cancel(tenant: str, ids: Sequence[int], by: str, now: datetime) -> int:
    """Cancel those that wait; their leads' campaigns hear of it. Returns how many."""
    reason = f"cancelled by {by}"
    rows = connection_of(tenant).execute(QUERIES["cancel_deliveries"], [reason, tenant, list(ids)]).fetchall()
    result = Forbidden(reason, "person")
    cancelled = [claimed_of(row) for row in rows]
    heard = [event_of(one, result, settled(one, result), now) for one in cancelled]
    if events := [event for event in heard if event is not None]:
        urgency.record(tenant, events)
    return len(cancelled)
