"""Cost against what grows: tenants, leads, campaigns of a tenant, events that wait.

The points, and what is to be flat, are in tests/benchmarks/curves.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from engine.sql import load
from tests.benchmarks import curves, lanecost, path, world
from tests.benchmarks.curves import BACKLOG, CALLS, CAMPAIGNS, EVENTS, LEADS, TENANTS, Curve
from tests.benchmarks.sender import zipf
from tests.benchmarks.suite import Case, Column, Figures, Suite
from tests.benchmarks.world import Scene

SQL = load("tests.benchmarks", "growth.sql")

#: Tenants among whom events wait, each with as many.
WAITING_TENANTS = 100

#: Of fewer events the bytes of one are not told: what is there once is more than they are.
TOLD_FROM = 1_000

COLUMNS = (
    Column("cpu_growth", "CPU x first", ".2f"),
    Column("push_us_growth", "push x first", ".2f"),
    Column("lease_us_growth", "lease x first", ".2f"),
    Column("settle_us_growth", "settle x first", ".2f"),
    Column("wal_bytes_growth", "WAL x first", ".2f"),
    Column("events", "events/s"),
    Column("cpu", "CPU s a million"),
    Column("push_us", "push, us"),
    Column("lease_us", "lease, us"),
    Column("settle_us", "settle, us"),
    Column("wal_bytes", "WAL B/event"),
    Column("database_bytes", "database B/event"),
    Column("redis_bytes", "Redis B/event"),
    Column("child_mb", "child MB"),
)


def suite() -> Suite:
    """All points of all curves."""
    runs: list[tuple[Curve, Callable[..., Figures]]] = [
        (TENANTS, tenants), (LEADS, leads), (CAMPAIGNS, campaigns), (BACKLOG, backlog),
    ]  # fmt: skip
    cases = [case for curve, run in runs for case in _cases(curve, run)]
    return Suite("cost against growth", cases, COLUMNS, curves.compare)


def _cases(curve: Curve, run: Callable[..., Figures]) -> list[Case]:
    return [
        Case(name, partial(run, size), once=size >= curve.once_from)
        for size, name in curve.points()
        if size <= curves.MOST
    ]


def tenants(count: int, seed: int) -> Figures:
    """The whole path, then the scripts while every tenant has an event waiting."""
    scene = Scene(tenants=count)
    figures = path.run(scene, EVENTS, seed=seed) | {"size": float(count)}
    return figures | scripts([(tenant, 0, 1) for tenant in scene.names()])


class Known(Scene):
    """A scene whose leads are there before anything happens to them."""

    def reset(self) -> None:
        """As a scene does, and its leads; after a checkpoint, so that the log of all points is alike."""
        super().reset()
        of_tenant = _leads_of(self.names(), self.leads)
        with world.worker_connection() as connection:
            connection.execute(SQL["insert_leads"], [list(of_tenant), list(of_tenant.values())])
        world.analyze()
        world.checkpoint()


def _leads_of(tenants: list[str], leads: int) -> dict[str, int]:
    """How many leads each has, as world.events() takes it."""
    weights = zipf(tenants)
    return {name: max(1, int(leads * weight / sum(weights))) for name, weight in zip(tenants, weights, strict=True)}


def leads(count: int, seed: int) -> Figures:
    """The whole path among so many leads, and what one takes of the disk."""
    figures = path.run(Known(leads=count), EVENTS, seed=seed) | {"size": float(count)}
    with world.worker_connection() as connection:
        row = connection.execute(SQL["measure_leads"]).fetchone()
    assert row is not None
    return figures | {"lead_bytes": float(row[0])}


def campaigns(count: int, seed: int) -> Figures:
    """The whole path where one campaign of so many hears the event."""
    return path.run(Scene(campaigns=count), EVENTS, seed=seed) | {"size": float(count)}


def backlog(count: int, seed: int) -> Figures:
    """The scripts while so many events wait. No worker."""
    Scene(tenants=WAITING_TENANTS).reset()
    each, more = divmod(count, WAITING_TENANTS * world.LANES)
    places = [(tenant, lane) for tenant in world.names(WAITING_TENANTS) for lane in range(world.LANES)]
    return scripts([(*place, each + (number < more)) for number, place in enumerate(places)]) | {"size": float(count)}


def scripts(waiting: list[lanecost.Filling]) -> Figures:
    """Microseconds of Redis a call, and bytes of Redis a waiting event, in a Redis that holds these."""
    world.broker().flushall()
    empty, events = lanecost.memory_bytes(), sum(count for _, _, count in waiting)
    lanecost.fill([filling for filling in waiting if filling[2]])
    lanecost.rest()
    used = lanecost.memory_bytes() - empty
    figures = lanecost.calls(sorted({tenant for tenant, _, _ in waiting}), CALLS)
    return figures | ({"redis_bytes": used / events} if events >= TOLD_FROM else {})
