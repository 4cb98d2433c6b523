"""What tenants may do and are doing, for people: from PostgreSQL what was set, from Redis and the buffer what waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection

from engine import outbox, spill
from engine.control import DRAINING, QUERIES
from engine.lanes import lanes
from engine.placement import DIRECTORY, database_of

#: Of the query.
COLUMNS = ("tenant", "lanes", "weight", "cap", "rate", "database", "state", "generation")


@dataclass(frozen=True)
class Status:
    """One tenant at one moment."""

    tenant: str
    lanes: int
    weight: float
    cap: int  #: lanes in work; 0: no limit
    rate: float  #: events a second; 0: no limit
    database: str
    state: str  #: active, paused or draining, as it was set
    generation: int  #: how often it was aborted
    standing: str  #: what Redis makes of it: runnable, limited, capped, working, idle, paused
    in_redis: int  #: events, those in work among them
    in_work: int  #: lanes
    spilled: int  #: events
    outbox: int  #: events, not accepted into lanes yet
    away: bool  #: its database does not answer: what is there counts as nothing

    @property
    def waiting(self) -> int:
        """Events in lanes and buffer."""
        return self.in_redis + self.spilled

    @property
    def word(self) -> str:
        """The state; drained when nothing is left to execute. What is in the outbox waits for the door to open."""
        drained = self.state == DRAINING and not self.waiting and not self.in_work and not self.away
        return "drained" if drained else self.state

    @property
    def waiting_in_words(self) -> str:
        """With what is not known."""
        return f"{self.waiting:,} or more" if self.away else f"{self.waiting:,}"


def of(tenant: str) -> Status:
    """Raises ValueError for a tenant that does not exist, and engine.lanes.BROKER_ERRORS."""
    found = of_all([tenant])
    if not found:
        raise ValueError(f"no tenant {tenant!r}")
    return found[0]


def of_all(tenants: Iterable[str]) -> list[Status]:
    """Those of the tenants that exist, most waiting first. A few queries each: for as many as a person reads."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["select_shares_of"], [list(tenants)])
        shares = cursor.fetchall()
    seen = lanes().look_at_tenants([share[0] for share in shares])
    found = [_status(dict(zip(COLUMNS, share, strict=True)), seen[share[0]]) for share in shares]
    return sorted(found, key=lambda status: (-status.waiting, status.tenant))


def _status(share: dict[str, Any], seen: dict[str, Any]) -> Status:
    spilled, in_outbox, away = _on_database(share["tenant"])
    return Status(
        **share,
        standing=seen["standing"],
        in_redis=seen["waiting"],
        in_work=seen["in_work"],
        spilled=spilled,
        outbox=in_outbox,
        away=away,
    )


def _on_database(tenant: str) -> tuple[int, int, bool]:
    """Events in the buffer and in the outbox; and whether that could not be asked, which stops no list of tenants."""
    try:
        return spill.count_held(tenant), outbox.count(tenant), False
    except OperationalError:
        if database_of(tenant) == DIRECTORY:
            raise
        return 0, 0, True


def notable(top: int) -> tuple[list[Status], int]:
    """Tenants with most events waiting in Redis, and those set to something else than the default; how many in all."""
    waiting = [row["tenant"] for row in lanes().look(top)["tenants"]]
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["select_tenants_not_default"], [top])
        others = [tenant for (tenant,) in cursor.fetchall()]
        cursor.execute(QUERIES["count_tenants"])
        total = cursor.fetchone()[0]
    return of_all(dict.fromkeys([*waiting, *others])), total
