"""Reads what came of a run from the database, and has it checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from campaigns.demo import acceptlog
from campaigns.demo.check import Execution, Verdict, check, check_counters
from campaigns.demo.plans import Plan
from engine.sql import load

QUERIES = load("campaigns.demo", "demo.sql")


@dataclass
class Result:
    """A run that has ended."""

    verdict: Verdict
    executions: list[Execution]  #: of the feeder's events
    accepted: Counter[str]  #: different events by tenant
    ways: Counter[str]  #: acceptances by way
    burst: set[str]  #: ids of the burst's events
    dead: list[tuple[str, str, str]]  #: tenant, event id, error


class Reader:
    """Remembers how things stood before the run. Needs a connection of the worker role."""

    def __init__(self, connection: psycopg.Connection, plans: Sequence[Plan], began_at: datetime) -> None:
        self.connection = connection
        self.plans = plans
        self.began_at = began_at
        self.first_dead_letter = connection.execute(QUERIES["find_last_dead_letter"]).fetchone()[0]
        self.counters = self.read_counters()

    def read_counters(self) -> dict[str, int]:
        """The sum of each tenant's counted field over its leads."""
        return {
            plan.key: self.connection.execute(QUERIES["sum_counted"], [plan.kind.counts.field, [plan.key]]).fetchone()[
                1
            ]
            for plan in self.plans
        }

    def read(self, accept_log: Path) -> Result:
        """Everything since, checked. All must have been executed."""
        log = list(acceptlog.read(accept_log))
        rows = self.connection.execute(QUERIES["select_executions"], [self.began_at]).fetchall()
        executions = [Execution(*row) for row in rows]
        dead = self.connection.execute(QUERIES["select_dead_letters"], [self.first_dead_letter]).fetchall()
        verdict = check(log, executions, {id: error for _, id, error in dead})
        self._check_counters(verdict, executions)
        ids = {event.id: event for event in log}
        return Result(
            verdict=verdict,
            executions=[execution for execution in executions if execution.id in ids],
            accepted=Counter(event.tenant for event in ids.values()),
            ways=Counter(event.way for event in log),
            burst={event.id for event in log if event.way == acceptlog.BURST},
            dead=dead,
        )

    def _check_counters(self, verdict: Verdict, executions: Sequence[Execution]) -> None:
        kinds = {plan.key: plan.kind.counts.event for plan in self.plans}
        executed = Counter(item.tenant for item in executions if kinds.get(item.tenant) == item.kind)
        check_counters(verdict, executed, self.counters, self.read_counters())
