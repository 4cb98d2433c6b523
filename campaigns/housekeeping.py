"""What the campaigns' tables need from time to time; the engine's maintenance calls it hourly."""

from __future__ import annotations

import psycopg

from campaigns.slots import forget_buckets
from engine.sql import load

QUERIES = load("campaigns.sql", "housekeeping.sql")


def keep_house(worker: psycopg.Connection) -> None:
    """Make the partitions of activities for the months to come, forget buckets of slots that nobody takes from.

    Takes a connection in autocommit.
    """
    worker.execute(QUERIES["ensure_activity_partitions"])
    forget_buckets(worker)
