"""The persistent buffer behind the lanes: events of lanes whose workers fall behind, or whose Redis is gone.

Order through it rests on three rules. Redis alone moves a lane to spill mode, this table alone moves it
back, and each move back raises the lane's epoch: a producer that was told to spill before such a move is
refused here and asks again, and so is a holder that leased the lane before it. The holder of a lane empties
its part in Redis first, then takes from here, within the transaction of the effects; nothing goes back into
Redis, so nothing can overtake or double.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connections, transaction
from psycopg import errors as database_errors

from engine.answers import Mode
from engine.arrays import columns
from engine.placement import database_of
from engine.rights import rows_of
from engine.sql import load
from engine.types import Event, encode

QUERIES = load("engine.sql", "spill.sql")

#: A tenant's lane.
Place = tuple[str, int]


@dataclass(frozen=True)
class Order:
    """Events of one lane that shall be spilled, and the epoch at which that was said; None: nobody said so."""

    lane: int
    events: Sequence[Event]
    epoch: int | None = None


@dataclass
class Answer:
    """What came of a tenant's orders."""

    stale: list[Order] = field(default_factory=list)  #: to be pushed again: the lane had moved on
    full: list[Order] = field(default_factory=list)  #: refused, or one too many though taken
    modes: list[Mode] = field(default_factory=list)  #: of the lanes written to and of the stale ones, as they are


@dataclass(frozen=True)
class SpilledEvent:
    """An event in the buffer."""

    number: int
    raw: bytes


def accept(tenant: str, orders: Sequence[Order], limit: int, *, refuse: bool = True) -> Answer:
    """Write a tenant's events into the buffer; when it returns, all but those in the answer are accepted.

    Without `refuse` a lane beyond the limit takes them nevertheless, and is named in the answer. Runs in a
    transaction of its own on Django's connection to the tenant's database: a surrounding one could undo it, and
    raises TransactionManagementError.
    """
    using = database_of(tenant)
    if connections[using].in_atomic_block:
        raise transaction.TransactionManagementError("events are spilled outside of transactions, or by the outbox")
    answer = Answer()
    with transaction.atomic(using=using, durable=True), connections[using].cursor() as cursor:
        cursor.execute(QUERIES["begin_for_tenant"], [tenant])
        lanes = sorted(order.lane for order in orders)
        cursor.execute(QUERIES["lock_modes"], {"tenant": tenant, "lanes": lanes})
        modes = {lane: (epoch, spill, last) for lane, epoch, spill, last in cursor.fetchall()}
        cursor.execute(QUERIES["select_held"], {"tenant": tenant, "lanes": lanes})
        held = dict(cursor.fetchall())
        taken = []
        for order in orders:
            epoch, spill, last = modes[order.lane]
            full = held[order.lane] + len(order.events) > limit
            if order.epoch is not None and order.epoch != epoch:
                answer.stale.append(order)
                answer.modes.append((tenant, order.lane, spill, epoch))
                continue
            if full:
                answer.full.append(order)
            if not full or not refuse:
                taken.append((order, last))
                answer.modes.append((tenant, order.lane, True, epoch))
        if taken:
            _write(cursor, tenant, taken)
    return answer


def _write(cursor: Any, tenant: str, taken: Sequence[tuple[Order, int]]) -> None:
    rows = [
        (order.lane, last + place, event.accepted_at, encode(event))
        for order, last in taken
        for place, event in enumerate(order.events, start=1)
    ]
    lanes, numbers, times, events = (list(column) for column in zip(*rows, strict=True))
    cursor.execute(
        QUERIES["insert_events"],
        {"tenant": tenant, "lanes": lanes, "numbers": numbers, "times": times, "events": events},
    )
    cursor.execute(
        QUERIES["update_modes_to_spill"],
        {
            "tenant": tenant,
            "lanes": [order.lane for order, _ in taken],
            "lasts": [last + len(order.events) for order, last in taken],
            "blind": taken[0][0].epoch is None,
        },
    )


def next_events(
    worker: psycopg.Connection, wanted: Sequence[tuple[str, int, int, int]]
) -> dict[Place, list[SpilledEvent]]:
    """The oldest events of these lanes (tenant, lane, epoch, how many), which stay where they are.

    None of a lane that is at another epoch: it has moved on since it was leased.
    """
    found: dict[Place, list[SpilledEvent]] = {(tenant, lane): [] for tenant, lane, *_ in wanted}
    if wanted:
        for tenant, lane, *event in worker.execute(QUERIES["select_events_next"], columns(wanted)):
            found[tenant, lane].append(SpilledEvent(*event))
    return found


def blind_lanes(worker: psycopg.Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Those of the lanes with events that were spilled while Redis could not be asked, and their epochs."""
    if not places:
        return {}
    rows = worker.execute(QUERIES["select_lanes_blind"], columns(places))
    return {(tenant, lane): epoch for tenant, lane, epoch in rows}


def remove(worker: psycopg.Connection, done: Sequence[tuple[str, int, int]]) -> None:
    """Take executed events (tenant, lane, number) out, in the transaction of their effects."""
    if done:
        worker.execute(QUERIES["delete_events_done"], columns(done))


def close_drained(worker: psycopg.Connection, places: Sequence[Place]) -> list[Mode]:
    """Move lanes that hold nothing here back to direct mode. Returns the modes of all of them.

    A lane that a producer is writing to stays as it is.
    """
    if not places:
        return []
    lanes = columns(places)
    _add_missing(worker, lanes)
    with worker.transaction():
        free = worker.execute(QUERIES["lock_modes_free"], lanes).fetchall()
        if free:
            worker.execute(QUERIES["update_modes_to_direct_if_empty"], columns(free))
    return worker.execute(QUERIES["select_modes"], lanes).fetchall()


def _add_missing(worker: psycopg.Connection, lanes: list[str]) -> None:
    """Rows to lock. Where a producer is writing the first one, it is for the next time."""
    try:
        with worker.transaction():
            worker.execute(QUERIES["insert_modes_missing"], lanes)
    except database_errors.LockNotAvailable:
        return


def modes_in_spill(worker: psycopg.Connection, *, blind: bool, batch: int = 1000) -> Iterable[list[Mode]]:
    """Lanes in spill mode, some at a time: all, or those of which Redis may not know."""
    after: Place = ("", -1)
    while rows := worker.execute(QUERIES["select_modes_in_spill"], [*after, not blind, batch]).fetchall():
        yield [(tenant, lane, True, epoch) for tenant, lane, epoch in rows]
        after = rows[-1][:2]


def all_modes(worker: psycopg.Connection, batch: int = 1000) -> Iterable[list[Mode]]:
    """The modes of all lanes that ever spilled, some at a time."""
    after: Place = ("", -1)
    while rows := worker.execute(QUERIES["select_modes_after"], [*after, batch]).fetchall():
        yield rows
        after = rows[-1][:2]


def modes_of(worker: psycopg.Connection, places: Sequence[Place]) -> dict[Place, Mode]:
    """The modes of those of these lanes that ever spilled."""
    rows = worker.execute(QUERIES["select_modes"], columns(places)).fetchall() if places else []
    return {(row[0], row[1]): row for row in rows}


@dataclass(frozen=True)
class InHand:
    """What a worker has fetched of a lane and is executing."""

    lane: int
    events: int
    buffered: bool  #: they are in the buffer


def count_held(tenant: str) -> int:
    """Events of a tenant in the buffer, on Django's connection."""
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES["count_held_of_tenant"], {"tenant": tenant})
        return cursor.fetchone()[0]


def throw_away(tenant: str, in_hand: Sequence[InHand]) -> int:
    """Nothing of what the tenant has in the buffer is executed any more, but what workers have in hand.

    Takes the same time whatever that is; remove_aborted() removes the rows. Returns how many events.
    """
    lanes = [one.lane for one in in_hand]
    kept = {"counts": [one.events for one in in_hand], "buffered": [one.buffered for one in in_hand]}
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES["lock_modes_of_tenant"], {"tenant": tenant})
        cursor.execute(QUERIES["abort_held_returning_count"], {"tenant": tenant, "lanes": lanes, **kept})
        return cursor.fetchone()[0]


def remove_aborted(worker: psycopg.Connection, *, lanes: int = 100, batch: int = 10_000) -> int:
    """Remove some of the events that were thrown away. Returns how many; nobody saw them any more."""
    removed = 0
    for tenant, lane, first, last in worker.execute(QUERIES["select_lanes_aborted"], [lanes]).fetchall():
        place = {"tenant": tenant, "lane": lane, "first": first, "last": last}
        removed += worker.execute(QUERIES["delete_events_aborted"], {**place, "limit": batch - removed}).rowcount
        if removed >= batch:
            break
        worker.execute(QUERIES["forget_range_if_removed"], place)
    return removed
