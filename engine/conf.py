"""What the engine is told: settings.ENGINE, checked once. The only module that reads Django's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: Lanes of a tenant, or tenants, whose events may fail in a row and are still buried.
BREAKER_AFTER = 5


@dataclass(frozen=True, kw_only=True)
class EngineConf:
    """Every setting with its default and unit."""

    redis_url: str  #: the broker: lanes and ordinary Celery queues
    database_url: str = ""  #: PostgreSQL as the worker role; needed by workers and maintenance only
    #: name -> URL as the worker role, of every database that tenants live on; `default`, always there, is database_url
    databases: Mapping[str, str] = field(default_factory=dict)
    handler: str = ""  #: dotted path: what to do with a bundle of events
    housekeeping: str = ""  #: dotted path: hourly care of the handler's tables, given a worker connection
    wakes: str = ""  #: dotted path: pushes what is due, given a worker connection; twice a second on each database
    clock: str = ""  #: dotted path: what time it is for executing and waking; the machine's unless given
    prefix: str = "{fairlane}:"  #: of every Redis key of this broker shard; its hash tag
    bundle_seconds: float = 0.08  #: aim for one transaction
    bundle_events: int = 1000  #: most events in one transaction
    bundle_lanes: int = 256  #: most lanes in one transaction
    #: Most events of a tenant whose cost is not known. Eight of 400 ms hold up everybody in the bundle for seconds, on
    #: each process that leases before the first has settled.
    probe_events: int = 1
    lease_seconds: float = 15.0  #: a lease not renewed this long is taken over
    run_seconds: float = 30.0  #: a bundle that takes longer is stuck: its process is killed
    retry_seconds: float = 0.5  #: wait before an event is tried again
    max_attempts: int = 3  #: tries of an event that fails or kills its process, then it is a dead letter
    breaker_after: int = BREAKER_AFTER  #: lanes of a tenant, or tenants, that fail in a row before no more is buried
    lane_limit: int = 10_000  #: most events of a lane in Redis; more go to PostgreSQL
    spill_limit: int = 1_000_000  #: most events of a lane in PostgreSQL; more are refused
    memory_limit_bytes: int = 0  #: memory Redis may use where its maxmemory is 0 (no limit); 0: no limit
    node_bundles: int = (
        0  #: most bundles of one database in work on a node; 0: its slots, of several databases all but one
    )
    total_bundles: Mapping[str, int] = field(
        default_factory=dict
    )  #: database -> most in work on all nodes; 0: no limit
    ledger_days: int = 8  #: partitions of the ledger older than this are dropped
    journal: bool = False  #: events are written to PostgreSQL before they are accepted; the same in every process
    journal_seconds: float = 0.2  #: from one such write of a process to the next

    def __post_init__(self) -> None:
        """Raises ImproperlyConfigured naming the first setting that cannot be."""
        if not self.redis_url.startswith(("redis://", "rediss://")):
            raise ImproperlyConfigured(f"ENGINE redis_url must begin with redis:// not {self.redis_url[:8]!r}")
        for name in (
            "bundle_seconds",
            "bundle_events",
            "bundle_lanes",
            "probe_events",
            "lease_seconds",
            "max_attempts",
        ):
            if getattr(self, name) <= 0:
                raise ImproperlyConfigured(f"ENGINE {name} must be more than 0, not {getattr(self, name)}")
        if self.bundle_seconds * 4 > self.lease_seconds:
            raise ImproperlyConfigured("ENGINE lease_seconds must be at least four times bundle_seconds")
        if unknown := set(self.total_bundles) - {"default", *self.databases}:
            raise ImproperlyConfigured(f"ENGINE total_bundles names no database of ENGINE databases: {sorted(unknown)}")
        if min(self.node_bundles, *self.total_bundles.values(), 0) < 0:
            raise ImproperlyConfigured("ENGINE node_bundles and total_bundles must be 0 (no limit) or more")
        object.__setattr__(self, "databases", {"default": self.database_url, **self.databases})


@cache
def conf() -> EngineConf:
    """The engine's settings."""
    return EngineConf(**settings.ENGINE)
