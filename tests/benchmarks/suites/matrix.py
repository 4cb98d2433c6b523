"""The whole path by what an event is, who it is of, and how many processes there are.

A round takes about 15 s a case, and some minutes for 100,000 tenants, most of them to set them up.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks import path
from tests.benchmarks.suite import Case, Column, Figures, Suite
from tests.benchmarks.world import COUNT, SCORE, SUM, Scene, document

EVENTS = int(os.environ.get("EVENTS", "60000"))
MANY_TENANTS = int(os.environ.get("TENANTS", "100000"))
EVENTS_OF_EACH = 5  #: of many tenants
FEW_TENANTS, FEWEST_OF_EACH = 30_000, 2  #: where what a tenant costs counts most
LEADS_OF_EACH = 3
BASE = "12 unequal tenants, three actions"

#: Four conditions on the lead and the event; every purchase passes, so that it is the same work with and without.
FILTER: Mapping[str, Any] = {
    "all": [
        {"event": "amount", "operator": "at_least", "value": "1"},
        {"field": "orders", "operator": "less_than", "value": 1_000_000, "or_empty": True},
        {
            "any": [
                {"field": "total", "operator": "greater_than", "value": "1000000"},
                {"event": "amount", "operator": "between", "value": ["0.50", "1000"]},
            ]
        },
    ]
}

NO_CAMPAIGN = document(COUNT, SUM, SCORE, event="visit")
ONE = document(COUNT)
TWENTY = document(*itertools.islice(itertools.cycle([COUNT, SUM, SCORE]), 20))
FILTERED = document(COUNT, SUM, SCORE, filter=FILTER)

COLUMNS = (
    Column("events_of_base", "events of base", ".2f"),
    Column("actions_of_base", "actions of base", ".2f"),
    Column("cpu_event_of_base", "CPU an event of base", ".2f"),
    Column("cpu_of_base", "CPU an action of base", ".2f"),
    Column("events", "events/s"),
    Column("actions", "actions/s"),
    Column("cpu", "CPU s a million"),
    Column("cpu_worker", "worker"),
    Column("cpu_postgres", "PostgreSQL"),
    Column("cpu_redis", "Redis"),
    Column("main_mb", "main MB"),
    Column("child_mb", "child MB"),
)


@dataclass(frozen=True)
class Point:
    """A scene, how many events happen in it and how many processes execute them."""

    scene: Scene = field(default_factory=Scene)
    events: int = EVENTS
    processes: int = 2

    def run(self, seed: int) -> Figures:
        """Of the whole path. Without actions CPU is by event, and there is no rate of actions."""
        limit = max(300.0, self.events / 200)
        figures = path.run(self.scene, self.events, seed=seed, processes=self.processes, seconds=limit)
        figures["cpu_event"] = figures["cpu"] * max(1, self.scene.actions)
        if not self.scene.actions:
            del figures["actions"]
        return figures


MANY = Scene(tenants=MANY_TENANTS, leads=MANY_TENANTS * LEADS_OF_EACH, even=True)
FEW = Scene(tenants=FEW_TENANTS, leads=FEW_TENANTS * LEADS_OF_EACH, even=True)

POINTS: Mapping[str, Point] = {
    BASE: Point(),
    "no campaign hears the event": Point(Scene(document=NO_CAMPAIGN, actions=0)),
    "one action": Point(Scene(document=ONE, actions=1)),
    "twenty actions": Point(Scene(document=TWENTY, actions=20), max(1, EVENTS // 3)),
    "with a filter of four conditions": Point(Scene(document=FILTERED)),
    "30 % of the events on one lead": Point(Scene(hot=0.3)),
    "1 pool process": Point(processes=1),
    "4 pool processes": Point(processes=4),
    f"{MANY_TENANTS:,} tenants, {EVENTS_OF_EACH} events each": Point(MANY, MANY_TENANTS * EVENTS_OF_EACH),
    f"{FEW_TENANTS:,} tenants, {FEWEST_OF_EACH} events each": Point(FEW, FEW_TENANTS * FEWEST_OF_EACH),
}


def suite() -> Suite:
    """One thing is different in each case."""
    cases = [Case(name, point.run, once=point.scene.tenants > 10_000) for name, point in POINTS.items()]
    return Suite("the whole path, case by case", cases, COLUMNS, compare)


def compare(rows: Mapping[str, Figures]) -> None:
    """Each case as a share of the base; no action has a price where there is none."""
    base = rows[BASE]
    for figures in rows.values():
        figures["events_of_base"] = figures["events"] / base["events"]
        figures["cpu_event_of_base"] = figures["cpu_event"] / base["cpu_event"]
        if "actions" in figures:
            figures["actions_of_base"] = figures["actions"] / base["actions"]
            figures["cpu_of_base"] = figures["cpu"] / base["cpu"]
