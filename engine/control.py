"""What a tenant may use: number of lanes, weight, cap, database. PostgreSQL keeps it, Redis obeys it.

Weight and cap are read from Redis at each lease, so a change acts at the next one; Redis is told again
by restore() after it lost its memory.
"""

from __future__ import annotations

import threading
from functools import partial

from django.db import connection, transaction

from engine.lanes import lanes
from engine.sql import load

QUERIES = load("engine.sql", "control.sql")
DEFAULT_LANES = 16

_lane_counts: dict[str, int] = {}
_lock = threading.Lock()


def register(tenant: str, *, lane_count: int = DEFAULT_LANES, weight: float = 1.0, cap: int = 0) -> None:
    """Give a new tenant its lanes, for ever: another count would send a lead's events to another lane."""
    if lane_count < 1:
        raise ValueError("a tenant has 1 lane or more")
    _check_share(weight, cap)
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["insert_tenant"], [tenant, lane_count, weight, cap])
    transaction.on_commit(partial(_tell, tenant, weight, cap, "default"))


def configure(tenant: str, *, weight: float, cap: int) -> None:
    """Change a tenant's share of worker time and its cap on lanes in work (0: none)."""
    _check_share(weight, cap)
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["update_tenant_returning_database"], [weight, cap, tenant])
        row = cursor.fetchone()
    if row is None:
        raise ValueError(f"no tenant {tenant!r}")
    transaction.on_commit(partial(_tell, tenant, weight, cap, row[0]))


def _check_share(weight: float, cap: int) -> None:
    if not 0 < weight < float("inf") or cap < 0:
        raise ValueError("a weight is more than 0, a cap 0 (none) or more")


def _tell(tenant: str, weight: float, cap: int, database: str) -> None:
    lanes().configure(tenant, weight, cap, database)


def lane_count(tenant: str) -> int:
    """The number of lanes of a tenant; it never changes, so it is remembered. Raises ValueError: unknown."""
    count = _lane_counts.get(tenant)
    if count is None:
        with _lock, connection.cursor() as cursor:
            cursor.execute(QUERIES["select_lane_count"], [tenant])
            row = cursor.fetchone()
        if row is None:
            raise ValueError(f"no tenant {tenant!r}")
        count = _lane_counts[tenant] = row[0]
    return count


def restore() -> int:
    """Tell Redis every share that is not the default. Returns how many; used after Redis lost its memory."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["select_shares_not_default"])
        rows = cursor.fetchall()
    for row in rows:
        _tell(*row)
    return len(rows)
