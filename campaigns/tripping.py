"""Campaigns that are stopped by themselves: loops, failures and runs counted over an hour, across all processes.

A process keeps what it counted for some seconds and adds it to the campaign's row at the end of a bundle, so that
bundles of one campaign hardly ever wait for each other; a bundle with a loop or a failed step adds at once. What a
rolled back bundle counted is lost or counted twice: these are thresholds, not accounts.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import psycopg

from campaigns.activities import Recorder
from campaigns.language.limits import USUAL, Limits
from campaigns.language.rulebook import Rulebook
from engine.arrays import columns
from engine.sql import load

QUERIES = load("campaigns.sql", "tripping.sql")
logger = logging.getLogger(__name__)

#: A process adds what it counted at least so often, if it has anything to do, or when it is so much.
KEPT_SECONDS = 10.0
KEPT_RUNS = 1_000

#: Tenant and id of a campaign.
Place = tuple[str, int]


class Tallies:
    """What one process counted and has not added yet. Not thread-safe."""

    def __init__(self) -> None:
        self.runs: Counter[Place] = Counter()
        self.added_at = time.monotonic()

    def note(
        self,
        connection: psycopg.Connection,
        recorders: Mapping[str, Recorder],
        rulebooks: Mapping[str, Rulebook],
        now: datetime,
    ) -> None:
        """Count a bundle; add and look at the limits when it is time."""
        failures: Counter[Place] = Counter()
        loops: Counter[Place] = Counter()
        for tenant, recorder in recorders.items():
            for id, count in recorder.runs.items():
                self.runs[tenant, id] += count
            for id in recorder.failed:
                failures[tenant, id] += 1
            for id in recorder.looped:
                loops[tenant, id] += 1
        due = self._due(failures.keys() | loops.keys())
        if due:
            rows = [(*place, self.runs.pop(place, 0), failures[place], loops[place]) for place in sorted(due)]
            self._add(connection, rows, rulebooks, now)

    def _due(self, troubled: set[Place]) -> set[Place]:
        if time.monotonic() - self.added_at < KEPT_SECONDS:
            return troubled | {place for place, count in self.runs.items() if count >= KEPT_RUNS}
        self.added_at = time.monotonic()
        return troubled | set(self.runs)

    def _add(
        self,
        connection: psycopg.Connection,
        rows: list[tuple[str, int, int, int, int]],
        rulebooks: Mapping[str, Rulebook],
        now: datetime,
    ) -> None:
        stopped = []
        for tenant, id, runs, failures, loops in connection.execute(QUERIES["add_to_tallies"], [now, *columns(rows)]):
            why = _limits(rulebooks.get(tenant), id).passed(runs, failures, loops)
            if why is not None:
                logger.warning("campaign %d of tenant %s is stopped: %s", id, tenant, why)
                stopped.append((tenant, id, why))
        if stopped:
            connection.execute(QUERIES["trip_campaigns"], [now, *columns(stopped)])


def _limits(rulebook: Rulebook | None, campaign_id: int) -> Limits:
    running = rulebook.campaigns if rulebook else ()
    return next((campaign.limits for campaign in running if campaign.id == campaign_id), USUAL)
