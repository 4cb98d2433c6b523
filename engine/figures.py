"""Figures of back pressure, for people and programs: how much goes direct, what the queue writes, who waits since when.

Whoever may ask PostgreSQL as the worker role notes in Redis what is there, `manage.py maintain` each ten seconds;
whoever wants to know reads Redis alone. So a look costs the same whatever waits and however many look, and web
processes need no rights on what all tenants share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil
from typing import Any

import psycopg

from engine.answers import Noted
from engine.conf import conf
from engine.lanes import BROKER_ERRORS, lanes
from engine.sql import load

QUERIES = load("engine.sql", "figures.sql")

#: Tenants that are named, those with most events waiting; the names of all could be a million.
TOP = 20

#: Lanes in spill mode that are looked at.
LANES_LOOKED_AT = 10_000

#: A client that was refused is told to come again after so many seconds, at least, where nothing is known, at most.
LEAST_RETRY, USUAL_RETRY, MOST_RETRY = 1, 5, 60

COUNTERS = ("spilled", "rows", "transactions")


@dataclass
class Waiting:
    """A tenant's events that are not settled yet."""

    tenant: str
    direct: int = 0
    spilled: int = 0
    lanes_spilled: int = 0  #: in spill mode
    oldest: str = ""  #: when the oldest was accepted

    def oldest_seconds(self, now: datetime) -> float:
        """How long the oldest event has been waiting."""
        age = (now - datetime.fromisoformat(self.oldest)).total_seconds() if self.oldest else 0.0
        return max(0.0, round(age, 3))


@dataclass
class Recent:
    """What was counted over the last minutes, from samples; None where there are too few."""

    seconds: float = 0.0
    direct: int | None = None
    spilled: int | None = None
    share_direct: float | None = None
    rows_per_minute: float | None = None
    transactions_per_minute: float | None = None


@dataclass
class Figures:
    """Everything, at one moment; counters since the server concerned remembers."""

    at: datetime
    direct: int  #: events that went straight to their lanes
    spilled: int  #: events that went to PostgreSQL
    share_direct: float | None
    queue_rows: int  #: rows written to the tables of queues in PostgreSQL
    queue_transactions: int  #: transactions that did
    recent: Recent
    noted_seconds_ago: float | None  #: age of what is said of PostgreSQL; None: nobody noted it
    memory_bytes: int
    memory_limit_bytes: int  #: 0: none
    memory_share: float | None
    pressure: bool  #: new events are spilled because memory is short
    lanes_spilled: int  #: in spill mode, of all tenants
    tenants_waiting: int  #: tenants with events in Redis
    bundles: int  #: leased
    tenants: list[Waiting] = field(default_factory=list)  #: with most events waiting

    def to_json(self) -> dict[str, Any]:
        """As `manage.py lanes --json` and the API say it."""
        tenants = [asdict(each) | {"oldest_seconds": each.oldest_seconds(self.at)} for each in self.tenants]
        return asdict(self) | {"at": self.at.isoformat(), "tenants": tenants}


def note(worker: psycopg.Connection, database: str = "default") -> None:
    """Tell Redis what this database counts and holds, over a connection of the worker role in autocommit."""
    row = worker.execute(QUERIES["select_queue_writes"]).fetchone()
    limits = {"lanes": LANES_LOOKED_AT, "tenants": 2 * TOP}
    backlogs = worker.execute(QUERIES["select_backlogs"], limits).fetchall()
    buffered = [(tenant, held, str(oldest or ""), lanes_of) for tenant, held, oldest, lanes_of in backlogs]
    lanes().note(database, dict(zip(COUNTERS, row or (0, 0, 0), strict=True)), buffered)


def retry_seconds(tenant: str, refused: int) -> int:
    """When there may be room for so many events: the time that one worker takes for as many, within bounds."""
    try:
        cost = lanes().cost_of(tenant)
    except BROKER_ERRORS:
        cost = None
    return USUAL_RETRY if cost is None else ceil(min(max(refused * cost, LEAST_RETRY), MOST_RETRY))


def gather(databases: Sequence[str] = (), top: int = TOP) -> Figures:
    """What is known now of these databases, by default of all; asks Redis only. Raises engine.lanes.BROKER_ERRORS."""
    noted = lanes().figures(databases or list(conf().databases))
    (used, limit), look = lanes().memory(), lanes().look(top)
    now = datetime.fromtimestamp(noted.now / 1000, UTC)
    totals = _totals(noted)
    return Figures(
        at=now,
        direct=noted.direct,
        spilled=totals["spilled"],
        share_direct=_share(noted.direct, totals["spilled"]),
        queue_rows=totals["rows"],
        queue_transactions=totals["transactions"],
        recent=_recent(noted.samples.values()),
        noted_seconds_ago=_age(noted),
        memory_bytes=used,
        memory_limit_bytes=limit,
        memory_share=round(used / limit, 4) if limit else None,
        pressure=noted.pressure,
        lanes_spilled=noted.spilling,
        tenants_waiting=look["total"],
        bundles=look["bundles"],
        tenants=_waiting([row["tenant"] for row in look["tenants"]], noted.buffered.values(), top),
    )


def _totals(noted: Noted) -> dict[str, int]:
    latest = [each["counters"] for each in noted.buffered.values()]
    return {name: sum(one[name] for one in latest) for name in COUNTERS}


def _share(direct: int, spilled: int) -> float | None:
    """None where nothing was accepted."""
    return round(direct / (direct + spilled), 6) if direct + spilled else None


def _age(noted: Noted) -> float | None:
    """Of the oldest note; None while a database was not noted at all."""
    if len(noted.buffered) < len(noted.samples):
        return None
    return max(noted.now - each["at"] for each in noted.buffered.values()) / 1000


def _recent(databases: Iterable[Sequence[Mapping[str, int]]]) -> Recent:
    """Of all databases; `direct` is the same in each, so that of the first counts."""
    known = [samples for samples in databases if len(samples) > 1]
    if not known:
        return Recent()
    seconds = max(samples[-1]["at"] - samples[0]["at"] for samples in known) / 1000
    spilled, rows, transactions = (sum(_grown(samples, name) for samples in known) for name in COUNTERS)
    direct = _grown(known[0], "direct")
    return Recent(
        seconds=seconds,
        direct=direct,
        spilled=spilled,
        share_direct=_share(direct, spilled),
        rows_per_minute=round(rows * 60 / seconds, 2),
        transactions_per_minute=round(transactions * 60 / seconds, 2),
    )


def _grown(samples: Sequence[Mapping[str, int]], name: str) -> int:
    """How much a counter grew; one that is lower than before began anew at 0."""
    values = [sample[name] for sample in samples]
    pairs = pairwise(values)
    return sum(after - before if after >= before else after for before, after in pairs)


def _waiting(deepest: Sequence[str], buffered: Iterable[Any], top: int) -> list[Waiting]:
    found = {tenant: Waiting(tenant) for tenant in deepest}
    for each in buffered:
        for tenant, events, oldest, count in each["tenants"]:
            one = found.setdefault(tenant, Waiting(tenant))
            one.spilled, one.lanes_spilled, one.oldest = one.spilled + events, one.lanes_spilled + count, oldest
    for one, (direct, oldest) in zip(found.values(), lanes().waits(list(found)), strict=True):
        one.direct, one.oldest = direct, _older(one.oldest, oldest)
    return sorted(found.values(), key=lambda one: (-one.direct - one.spilled, one.tenant))[:top]


def _older(one: str, other: str) -> str:
    times = [time for time in (one, other) if time]
    return min(times, key=datetime.fromisoformat) if times else ""
