"""What a load needs, computed from what was measured: python -m tests.benchmarks.capacity

Reads bench.json. Every figure of docs/capacity.md is made here; none is typed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import ceil

from tests.benchmarks.grid import grid
from tests.benchmarks.results import Place, Results, find, read

DAY = 86_400.0
MONTH = 30 * DAY
GB, MB = 1e9, 1e6

HTTP, WAITING = "whole path over HTTP", "events that wait in Redis"


@dataclass(frozen=True)
class Assumptions:
    """What is not measured but chosen."""

    peak: float = 3.0  #: the busiest second, in multiples of the month's mean
    utilisation: float = 0.6  #: of a core or a process, at the peak
    actions: float = 3.0  #: of an event; what was measured is an event with three
    waiting_seconds: float = 600.0  #: of the peak: events that Redis has room for while nobody works
    ledger_days: float = 9.0  #: 8 days are kept, and today's
    activity_days: float = 92.0  #: history kept, by partitions of a month
    node_processes: int = 8  #: pool processes of a node
    web_threads: int = 4  #: of a web process, each with a connection
    leads: float = 10e6
    tenants: float = 10_000.0  #: with events waiting at the same moment


@dataclass(frozen=True)
class Costs:
    """What was measured. Core seconds are by million actions."""

    web: float  #: core seconds of accepting over HTTP
    main: float  #: core seconds of the nodes' main processes
    pool: float  #: core seconds of the pool processes
    redis: float  #: core seconds
    postgres: float  #: core seconds
    process_rate: float  #: actions a second of a pool process, all servers on the same cores
    wal: float  #: bytes an event
    ledger: float  #: bytes of the database an event
    activities: float  #: bytes of the database an event
    lead: float  #: bytes of the database a lead
    waiting: float  #: bytes of Redis a waiting event
    tenant: float  #: bytes of Redis a tenant with events waiting
    main_mb: float
    child_mb: float
    web_mb: float  #: a web process


#: Where each of them is.
PLACES: Mapping[str, Place] = {
    "web": Place("cost", HTTP, "cpu_web"),
    "main": Place("cost", HTTP, "cpu_main"),
    "pool": Place("cost", HTTP, "cpu_pool"),
    "redis": Place("cost", HTTP, "cpu_redis"),
    "postgres": Place("cost", HTTP, "cpu_postgres"),
    "process_rate": Place("cost", HTTP, "process_actions"),
    "wal": Place("cost", HTTP, "wal_bytes"),
    "ledger": Place("cost", HTTP, "ledger_bytes"),
    "activities": Place("cost", HTTP, "activity_bytes"),
    "lead": Place("growth", "1,000,000 leads", "lead_bytes"),
    "waiting": Place("cost", WAITING, "redis_event_bytes"),
    "tenant": Place("cost", WAITING, "redis_active_bytes"),
    "main_mb": Place("cost", HTTP, "main_mb"),
    "child_mb": Place("cost", HTTP, "child_mb"),
    "web_mb": Place("cost", HTTP, "web_mb"),
}


@dataclass(frozen=True)
class Load:
    """So many actions a second in the mean of a month."""

    name: str
    actions: float


LOADS = (
    Load("65,000 events a minute", 65_000 / 60 * Assumptions.actions),
    Load("650,000 events a minute", 650_000 / 60 * Assumptions.actions),
    Load("20 billion actions a month", 20e9 / MONTH),
    Load("200 billion actions a month", 200e9 / MONTH),
)


@dataclass(frozen=True)
class Need:
    """What a load takes."""

    actions: float  #: a second, mean
    peak_actions: float  #: a second
    web_cores: float
    worker_cores: float
    redis_cores: float
    postgres_cores: float
    processes: int  #: of pools
    nodes: int
    web_processes: int
    connections: int
    memory_gb: float  #: of workers and web
    redis_gb: float
    wal_mb: float  #: a second at the peak
    day_gb: float  #: the database grows by
    kept_gb: float  #: the database holds, with retention


def missing(results: Results) -> list[Place]:
    """What was not measured."""
    return [place for place in PLACES.values() if find(results, place) is None]


def costs(results: Results) -> Costs:
    """Raises LookupError naming what was not measured."""
    if absent := missing(results):
        raise LookupError("not measured: " + "; ".join(map(str, absent)))
    return Costs(**{name: find(results, place) or 0.0 for name, place in PLACES.items()})


def need(load: Load, cost: Costs, given: Assumptions) -> Need:
    """What the load takes, with these costs."""
    peak = load.actions * given.peak
    events, peak_events = load.actions / given.actions, peak / given.actions
    processes = ceil(peak / (cost.process_rate * given.utilisation))
    nodes = ceil(processes / given.node_processes)
    web_cores = _cores(peak, cost.web, given)
    web_processes = ceil(web_cores)
    ledger, activities = (events * DAY * each for each in (cost.ledger, cost.activities))
    return Need(
        actions=load.actions,
        peak_actions=peak,
        web_cores=web_cores,
        worker_cores=_cores(peak, cost.main + cost.pool, given),
        redis_cores=_cores(peak, cost.redis, given),
        postgres_cores=_cores(peak, cost.postgres, given),
        processes=processes,
        nodes=nodes,
        web_processes=web_processes,
        connections=processes + web_processes * given.web_threads + 2,  # two of them maintenance's
        memory_gb=(processes * cost.child_mb + nodes * cost.main_mb + web_processes * cost.web_mb) * 2**20 / GB,
        redis_gb=(peak_events * given.waiting_seconds * cost.waiting + given.tenants * cost.tenant) / GB,
        wal_mb=peak_events * cost.wal / MB,
        day_gb=(ledger + activities) / GB,
        kept_gb=(ledger * given.ledger_days + activities * given.activity_days + given.leads * cost.lead) / GB,
    )


def _cores(actions: float, seconds: float, given: Assumptions) -> float:
    """For so many actions a second at so many core seconds a million."""
    return actions * seconds / 1e6 / given.utilisation


#: Heading, and how a need is said.
LINES: Sequence[tuple[str, str, str]] = (
    ("actions a second, mean", "actions", ",.0f"),
    ("actions a second, peak", "peak_actions", ",.0f"),
    ("cores: web", "web_cores", ",.1f"),
    ("cores: workers", "worker_cores", ",.1f"),
    ("cores: Redis", "redis_cores", ",.1f"),
    ("cores: PostgreSQL", "postgres_cores", ",.1f"),
    ("pool processes", "processes", ",d"),
    ("worker nodes", "nodes", ",d"),
    ("web processes", "web_processes", ",d"),
    ("connections to PostgreSQL", "connections", ",d"),
    ("memory of workers and web, GB", "memory_gb", ",.1f"),
    ("memory of Redis, GB", "redis_gb", ",.2f"),
    ("write-ahead log at the peak, MB/s", "wal_mb", ",.1f"),
    ("database grows by, GB a day", "day_gb", ",.1f"),
    ("database holds, GB", "kept_gb", ",.0f"),
)


def markdown(results: Results) -> str:
    """The table of all loads, or what is missing for it."""
    if absent := missing(results):
        return "Not measured yet, so not computed: " + "; ".join(map(str, absent)) + "."
    cost = costs(results)
    needs = [need(load, cost, Assumptions()) for load in LOADS]
    lines = [[said, *(format(getattr(each, name), form) for each in needs)] for said, name, form in LINES]
    return grid(["", *(load.name for load in LOADS)], lines)


def costs_markdown(results: Results) -> str:
    """What the formulas are fed with."""
    lines = []
    for name in (field.name for field in fields(Costs)):
        value = find(results, PLACES[name])
        lines.append([f"`{name}`", str(PLACES[name]), "not measured" if value is None else f"{value:,.1f}"])
    return grid(["cost", "measured as", "value"], lines)


def assumptions_markdown(results: Results) -> str:
    """What was chosen."""
    given = Assumptions()
    lines = [
        ["actions of an event", f"{given.actions:.0f}"],
        ["the busiest second, in multiples of the month's mean", f"{given.peak:.0f}"],
        ["utilisation at that second, of cores and pool processes", f"{given.utilisation:.0%}"],
        ["events that Redis has room for while nobody works, in seconds of that load", f"{given.waiting_seconds:.0f}"],
        ["days of the ledger that are there", f"{given.ledger_days:.0f}"],
        ["days of history that are there", f"{given.activity_days:.0f}"],
        ["leads", f"{given.leads:,.0f}"],
        ["tenants with events waiting at one moment", f"{given.tenants:,.0f}"],
        ["pool processes of a node, threads of a web process", f"{given.node_processes}, {given.web_threads}"],
    ]
    return grid(["assumed", ""], lines)


def main() -> None:
    """Print the tables."""
    results = read()
    print(costs_markdown(results), assumptions_markdown(results), markdown(results), sep="\n\n")


if __name__ == "__main__":
    main()
