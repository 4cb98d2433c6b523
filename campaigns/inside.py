"""Those inside a campaign: how many there are, and what becomes of them when it is paused, resumed or emptied.

Workers know at once, by the rulebook. The rows follow in bounded batches, tended by `manage.py maintain`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg

from campaigns.models import Campaign
from engine import clock
from engine.rights import rows_of
from engine.sql import load

QUERIES = load("campaigns.sql", "runs.sql")

#: Rows written by one statement.
ROWS_AT_ONCE = 2000


class Inside(msgspec.Struct, frozen=True):
    """Runs that rest at one step of one version."""

    version: int
    step: str
    runs: int
    held: int  #: of them, those whose time came while the campaign was paused
    at_door: int  #: of them, those who begin there when the campaign is resumed


def count_inside(campaign: Campaign) -> list[Inside]:
    """How many runs of a campaign rest, by version and step."""
    parameters = {"tenant": campaign.tenant_id, "campaign": campaign.pk, "emptied_at": campaign.emptied_at}
    with rows_of(campaign.tenant_id) as cursor:
        cursor.execute(QUERIES["count_runs_inside"], parameters)
        return [Inside(*row) for row in cursor.fetchall()]


def tend(worker: psycopg.Connection, now: datetime | None = None) -> tuple[int, int]:
    """Wake some of the runs that a pause held back, and remove some of those that were ended by hand.

    Returns how many of each. Takes a connection in autocommit.
    """
    parameters = {"now": clock.now() if now is None else now, "limit": ROWS_AT_ONCE}
    released = worker.execute(QUERIES["release_held_runs"], parameters).rowcount
    return released, worker.execute(QUERIES["remove_ended_runs"], parameters).rowcount
