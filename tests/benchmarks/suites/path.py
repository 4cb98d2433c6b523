"""The whole path beside others that do the same work, and beside what the database itself can take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from tests.benchmarks import path
from tests.benchmarks.peers import celery_nodes, dbos_workflows, limit, procrastinate_jobs, single, stock
from tests.benchmarks.suite import Case, Column, Figures, Suite
from tests.benchmarks.world import Scene

EVENTS = int(os.environ.get("EVENTS", "60000"))
STOCK_EVENTS = 700
SINGLE_EVENTS = 2000
PROCRASTINATE_EVENTS = 1000
DBOS_EVENTS = 500
STOCK = "stock Celery, a task per action"
LIMIT = "the rows alone, 2 connections"

COLUMNS = (
    Column("times_stock", "x stock", ",.1f"),
    Column("of_limit", "of the limit", ".2f"),
    Column("cpu_of_stock", "CPU of stock's", ".3f"),
    Column("actions", "actions/s"),
    Column("events", "events/s"),
    Column("cpu", "CPU s a million"),
    Column("main_mb", "main MB"),
    Column("child_mb", "child MB"),
    Column("node_mb", "node MB"),
)


def suite() -> Suite:
    """Peers, the limit, and ours with few and many tenants."""
    cases = [
        Case(STOCK, _stock),
        Case("Celery, a task per event", _single),
        Case("procrastinate, a job per event", _procrastinate),
        Case("DBOS, a workflow per event", _dbos),
        Case("the rows alone, 1 connection", partial(_limit, 1)),
        Case(LIMIT, partial(_limit, 2)),
        Case("whole path, 1 tenant", partial(_ours, Scene(tenants=1))),
        Case("whole path, 12 unequal tenants", partial(_ours, Scene())),
        Case("whole path, 1,000 tenants", partial(_ours, Scene(tenants=1000))),
    ]  # fmt: skip
    return Suite("the whole path", cases, COLUMNS, compare)


def _stock(seed: int) -> Figures:
    return celery_nodes.run("tests.benchmarks.peers.stock", stock.enqueue, STOCK_EVENTS, seed=seed)


def _single(seed: int) -> Figures:
    return celery_nodes.run("tests.benchmarks.peers.single", single.enqueue, SINGLE_EVENTS, seed=seed)


def _procrastinate(seed: int) -> Figures:
    return procrastinate_jobs.run(PROCRASTINATE_EVENTS, seed=seed)


def _dbos(seed: int) -> Figures:
    return dbos_workflows.run(DBOS_EVENTS, seed=seed)


def _limit(connections: int, seed: int) -> Figures:
    return limit.run(Scene(), EVENTS, connections, seed=seed)


def _ours(scene: Scene, seed: int) -> Figures:
    return path.run(scene, EVENTS, seed=seed)


def compare(rows: Mapping[str, Figures]) -> None:
    """Each case as a multiple of stock Celery and a share of the limit."""
    for figures in rows.values():
        figures["times_stock"] = figures["actions"] / rows[STOCK]["actions"]
        figures["of_limit"] = figures["actions"] / rows[LIMIT]["actions"]
        figures["cpu_of_stock"] = figures["cpu"] / rows[STOCK]["cpu"]
