"""What a tenant may use: number of lanes, weight, cap, database; and whether it is worked for at all. PostgreSQL
keeps it, Redis obeys it.

Redis is asked at each lease, so a change acts at the next one; it is told again by restore() after it lost
its memory. A change that Redis could not be told acts when maintenance does so.
"""

from __future__ import annotations

import threading
from collections.abc import Set
from typing import Any

from django.db import connection, transaction

from engine.errors import BrokerDown
from engine.lanes import BROKER_ERRORS, lanes
from engine.placement import DIRECTORY
from engine.rights import operator
from engine.sql import load

QUERIES = load("engine.sql", "control.sql")
DEFAULT_LANES = 16

ACTIVE, PAUSED, DRAINING = "active", "paused", "draining"

#: Events a second; who wants less wants a pause.
LEAST_RATE = 0.001

#: Tenant, weight, cap, database, rate, state.
Share = tuple[str, float, int, str, float, str]

_lane_counts: dict[str, int] = {}
_lock = threading.Lock()


def register(
    tenant: str,
    *,
    lane_count: int = DEFAULT_LANES,
    weight: float = 1.0,
    cap: int = 0,
    database: str = DIRECTORY,
) -> None:
    """Give a new tenant its lanes and its database, for ever.

    Another count would send a lead's events to another lane; another database has none of its leads.
    """
    if lane_count < 1:
        raise ValueError("a tenant has 1 lane or more")
    _check_share(weight, cap)
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["insert_tenant"], [tenant, lane_count, weight, cap, database])
    _tell_on_commit((tenant, weight, cap, database, 0.0, ACTIVE))


def configure(tenant: str, *, weight: float | None = None, cap: int | None = None, rate: float | None = None) -> None:
    """Change a tenant's share of worker time, cap on lanes in work, rate in events a second; None leaves it.

    0 is no cap, and no limit of the rate. Raises ValueError for what cannot be and for an unknown tenant.
    """
    _check_share(1.0 if weight is None else weight, cap or 0, rate or 0.0)
    _change("update_share_returning_all", [weight, cap, rate, tenant])


def pause(tenant: str) -> None:
    """Lease nothing more of a tenant; what is in work is finished, new events are accepted and wait."""
    _change("update_state_returning_all", [PAUSED, tenant])


def drain(tenant: str) -> None:
    """Refuse new events of a tenant; what waits is executed. What Django signals wrote to the outbox stays there."""
    _change("update_state_returning_all", [DRAINING, tenant])


def resume(tenant: str) -> None:
    """Go on with a paused tenant, where it stopped; take events of a drained one again."""
    _change("update_state_returning_all", [ACTIVE, tenant])


def _change(query: str, parameters: list[Any]) -> None:
    """Raises ValueError for a tenant (the last parameter) that is none, and as _tell_on_commit() does."""
    nested = connection.in_atomic_block
    with operator() as cursor:
        cursor.execute(QUERIES[query], parameters)
        share = cursor.fetchone()
        if share is None:
            raise ValueError(f"no tenant {parameters[-1]!r}")
        _tell_on_commit(share, nested=nested)


def _check_share(weight: float, cap: int, rate: float = 0.0) -> None:
    if not 0 < weight < float("inf") or cap < 0:
        raise ValueError("a weight is more than 0, a cap 0 (none) or more")
    if rate != 0 and not LEAST_RATE <= rate < float("inf"):
        raise ValueError(f"a rate is 0 (no limit), or {LEAST_RATE:g} events a second or more")


def _tell_on_commit(share: Share, *, nested: bool = False) -> None:
    """Raises BrokerDown; nested in a caller's transaction, whose end is nobody's to explain, it is logged instead."""

    def tell_it() -> None:  # Django names who failed, which a partial() has no name for
        tell(share)

    transaction.on_commit(tell_it, robust=nested)


def tell(share: Share) -> None:
    """Tell Redis what a tenant may use now. Raises BrokerDown."""
    try:
        lanes().configure(*share)
    except BROKER_ERRORS as error:
        raise BrokerDown(f"the change is stored and acts once maintenance can tell it: {error}") from error


def paused_of(tenants: Set[str]) -> set[str]:
    """Those of the tenants that are paused. Raises django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["select_paused_of"], [list(tenants)])
        return {tenant for (tenant,) in cursor.fetchall()}


def is_draining(tenant: str) -> bool:
    """Whether new events of a tenant are refused; asked only where Redis cannot say."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["select_state"], [tenant])
        row = cursor.fetchone()
    return row is not None and row[0] == DRAINING


def lane_count(tenant: str) -> int:
    """The number of lanes of a tenant. Raises ValueError: unknown."""
    return lane_counts({tenant})[tenant]


def lane_counts(tenants: Set[str]) -> dict[str, int]:
    """The number of lanes of each tenant; it never changes, so it is remembered. Raises ValueError: unknown."""
    unknown = sorted(tenants - _lane_counts.keys())
    if unknown:
        with _lock, connection.cursor() as cursor:
            cursor.execute(QUERIES["select_lane_counts"], [unknown])
            found = dict(cursor.fetchall())
        if missing := [tenant for tenant in unknown if tenant not in found]:
            raise ValueError(f"no tenant {', '.join(map(repr, missing[:5]))}")
        _lane_counts.update(found)
    return {tenant: _lane_counts[tenant] for tenant in tenants}


def restore() -> int:
    """Tell Redis every share that is not the default. Returns how many; used after Redis lost its memory."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["select_shares_not_default"])
        rows = cursor.fetchall()
    for row in rows:
        tell(row)
    return len(rows)
