"""What the campaigns' tables need from time to time; the engine's maintenance calls it hourly."""

from __future__ import annotations

import psycopg

from campaigns.lives import purge
from campaigns.sender.conf import conf
from campaigns.slots import forget_buckets
from engine.sql import load

QUERIES = load("campaigns.sql", "housekeeping.sql")
DELIVERIES = load("campaigns.sql", "deliveries.sql")
TOLD = load("campaigns.sql", "batches.sql")

#: So long batches are kept that are over.
BATCHES_KEPT_DAYS = 90
#: Old deliveries, or batches, deleted in one statement, and statements of one hour.
BATCH, BATCHES = 5_000, 100


def keep_house(worker: psycopg.Connection) -> None:
    """Make the partitions of activities for the months to come, forget buckets of slots that nobody takes from, delete
    old deliveries and batches, remove leads that were deleted for good. Takes a connection in autocommit."""
    worker.execute(QUERIES["ensure_activity_partitions"])
    forget_buckets(worker)
    forget_deliveries(worker)
    forget_batches(worker)
    purge(worker)


def forget_deliveries(worker: psycopg.Connection, batch: int = BATCH, batches: int = BATCHES) -> int:
    """Delete deliveries that ended long ago, some at a time; what failed is kept longer. Returns how many."""
    deleted = 0
    for states, days in ((["sent", "cancelled"], conf().keep_days), (["failed"], conf().keep_failed_days)):
        for _ in range(batches):
            count = worker.execute(DELIVERIES["delete_deliveries_over"], [states, days, batch]).rowcount
            deleted += count
            if count < batch:
                break
    return deleted


def forget_batches(worker: psycopg.Connection, batch: int = BATCH, batches: int = BATCHES) -> int:
    """Delete batches that ended long ago, some at a time, but for the last one of each campaign. Returns how many."""
    deleted = 0
    for _ in range(batches):
        parameters = {"days": BATCHES_KEPT_DAYS, "limit": batch}
        count = worker.execute(TOLD["delete_batches_over"], parameters).rowcount
        deleted += count
        if count < batch:
            break
    return deleted
