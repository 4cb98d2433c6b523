"""Leads that are deleted, restored or merged away: written with a bundle's effects, purged by housekeeping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import psycopg

from campaigns.language.lead import LeadState
from campaigns.language.merging import current
from engine.arrays import column, columns
from engine.errors import Retry
from engine.sql import load

QUERIES = load("campaigns.sql", "lives.sql")

#: Leads of a tenant that campaigns may delete in a day of UTC.
DELETIONS_A_DAY = 1000

#: Leads purged in one transaction.
PURGED_AT_ONCE = 500

#: What happens to what a loser had, in this order.
OF_MERGED = (
    "update_redirects",
    "insert_members_of_winners",
    "delete_members_of_losers",
    "insert_records_of_winners",
    "delete_records_of_losers",
)


def deletions_left(connection: psycopg.Connection, tenants: Iterable[str], now: datetime) -> dict[str, int]:
    """How many leads each tenant may still delete today."""
    wanted = sorted(tenants)
    if not wanted:
        return {}
    since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    counts: dict[str, int] = dict(connection.execute(QUERIES["count_deletions"], [wanted, since]).fetchall())
    return {tenant: DELETIONS_A_DAY - counts.get(tenant, 0) for tenant in wanted}


def store_lives(connection: psycopg.Connection, leads: Iterable[LeadState], now: datetime) -> None:
    """Write what became of these leads. Raises Retry when others have deleted so many meanwhile that too many are."""
    leads = list(leads)
    _check_deletions(connection, [lead for lead in leads if lead.deleted_at is not None], now)
    rows = [_row(lead) for lead in leads]
    connection.execute(QUERIES["update_lives_changed"], [now, *columns(sorted(rows, key=lambda row: row[:2]))])
    gone = sorted((lead.tenant, lead.id) for lead in leads if lead.deleted_at is not None or lead.winner is not None)
    if gone:
        connection.execute(QUERIES["delete_runs_of_leads"], columns(gone))
    merged = sorted((lead.tenant, lead.id, current(lead).id) for lead in leads if lead.winner is not None)
    if merged:
        for query in OF_MERGED:
            connection.execute(QUERIES[query], columns(merged))


def _row(lead: LeadState) -> tuple[object, ...]:
    winner = None if lead.winner is None else current(lead).id
    return lead.tenant, lead.id, lead.deleted_at, lead.restorable_until, winner


def _check_deletions(connection: psycopg.Connection, deleted: Iterable[LeadState], now: datetime) -> None:
    counts = Counter(lead.tenant for lead in deleted)
    if not counts:
        return
    connection.execute(QUERIES["lock_deletions"], [column(sorted(counts))])
    left = deletions_left(connection, counts, now)
    over = [tenant for tenant, count in counts.items() if count > left[tenant]]
    if over:
        raise Retry(0.0, f"others have deleted leads of {', '.join(over)} at the same moment")


def purge(worker: psycopg.Connection) -> int:
    """Remove leads that cannot be restored any more, with all that is kept of them. Takes one in autocommit."""
    purged = 0
    while found := worker.execute(QUERIES["select_leads_to_purge"], [PURGED_AT_ONCE]).fetchall():
        with worker.transaction():
            losers = worker.execute(QUERIES["select_losers_of"], columns(found)).fetchall()
            leads = sorted({*found, *losers})
            for tenant, ids in _by_tenant(leads).items():
                worker.execute(QUERIES["forget_activities"], [tenant, ids])
            worker.execute(QUERIES["delete_leads"], columns(leads))
        purged += len(found)
    return purged


def _by_tenant(leads: Iterable[tuple[str, int]]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for tenant, id in leads:
        found.setdefault(tenant, []).append(id)
    return found
