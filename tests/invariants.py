"""What must be true of the lanes at any moment, asked of whatever a test or a round left behind."""

from __future__ import annotations

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.conf import EngineConf
from engine.lanes import BROKER_ERRORS, Lanes
from engine.reconciler import Reconciler

#: No lease is too long for a test: some are held for ever.
LEASE_SECONDS = 1e6


def broken(redis_url: str, worker_url: str) -> dict[str, int]:
    """How often each invariant was found broken since Redis was emptied, the last time now; what is broken is repaired.

    Nothing where a server is down: who tests that looks for himself.
    """
    try:
        with (
            redis.Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=10) as valkey,
            psycopg.connect(worker_url, autocommit=True, connect_timeout=5) as worker,
        ):
            lanes = Lanes(valkey, EngineConf(redis_url=redis_url, lease_seconds=LEASE_SECONDS))
            Reconciler(lanes, "test").run_pass(worker)
            return lanes.count_repaired()
    except (*BROKER_ERRORS, psycopg.OperationalError):
        return {}
