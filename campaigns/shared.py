"""Records that a tenant's leads have in common, between the database and memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
import psycopg

from campaigns.language.partitions import seat_parts
from campaigns.language.rulebook import Rulebook
from campaigns.language.shared import COMPANY, EXPERIMENT, KINDS, LOAD, SEAT, Shared
from engine.arrays import columns
from engine.sql import load

QUERIES = load("campaigns.sql", "shared.sql")
ROUNDS = 50  #: each finds something more that the bundle needs; far more than one that does anything sensible takes

T = TypeVar("T")
#: By tenant, kind and key: whether it is made where it does not exist.
Wanted = dict[tuple[str, str, str], bool]

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.decode


def tenants_sharing(rulebooks: Mapping[str, Rulebook]) -> set[str]:
    """Those whose campaigns may ask for shared records."""
    return {tenant for tenant, book in rulebooks.items() if book.needs_records & KINDS}


def decide_with_shared(
    connection: psycopg.Connection, rulebooks: Mapping[str, Rulebook], attempt: Callable[[Mapping[str, Shared]], T]
) -> T:
    """What the attempt answers once it has asked for no record that it was not given.

    An attempt that has is undone, its locks too: so all bundles lock these records first, in one order, then leads.
    """
    tenants = tenants_sharing(rulebooks)
    if not tenants:
        return attempt({})
    wanted: Wanted = {}
    for _ in range(ROUNDS):
        with connection.transaction():
            shared = _lock(connection, tenants, wanted)
            answer = attempt(shared)
            missed = {(tenant, *place): make for tenant in tenants for place, make in shared[tenant].missed.items()}
            if missed:
                raise psycopg.Rollback
            _store(connection, shared)
            return answer
        wanted |= {place: make or wanted.get(place, False) for place, make in missed.items()}
    raise RuntimeError("the bundle asks for ever more shared records")


def _lock(connection: psycopg.Connection, tenants: set[str], wanted: Wanted) -> dict[str, Shared]:
    shared = {tenant: Shared(is_whole=False) for tenant in tenants}
    if wanted:
        companies = sorted((tenant, key) for tenant, kind, key in wanted if kind == COMPANY)
        seats = sorted((tenant, key) for tenant, kind, key in wanted if kind == SEAT)
        others = sorted((tenant, kind, key) for tenant, kind, key in wanted if kind not in (COMPANY, SEAT))
        made = sorted((tenant, key) for (tenant, kind, key), make in wanted.items() if make and kind == COMPANY)
        if companies:
            _lock_companies(connection, shared, companies, made)
        if others:
            _lock_others(connection, shared, others)
        if seats:
            _lock_seats(connection, shared, seats)
    return shared


def _lock_companies(
    connection: psycopg.Connection,
    shared: Mapping[str, Shared],
    wanted: list[tuple[str, str]],
    made: list[tuple[str, str]],
) -> None:
    if made:
        for tenant, name in connection.execute(QUERIES["insert_companies_missing"], columns(made)).fetchall():
            shared[tenant].made.add((COMPANY, name))
    for tenant, name, fields, score in connection.execute(QUERIES["lock_companies"], columns(wanted)).fetchall():
        shared[tenant].records[COMPANY, name] = {"fields": _decode(fields), "score": score}
    for tenant, name in wanted:
        if (COMPANY, name) not in shared[tenant].records:
            shared[tenant].absent.add((COMPANY, name))


def _lock_others(
    connection: psycopg.Connection, shared: Mapping[str, Shared], wanted: list[tuple[str, str, str]]
) -> None:
    wanted = _leave_out_decided(connection, shared, wanted)
    if not wanted:
        return
    connection.execute(QUERIES["insert_shared_missing"], columns(wanted))
    for tenant, kind, key, data in connection.execute(QUERIES["lock_shared"], columns(wanted)).fetchall():
        shared[tenant].records[kind, key] = _decode(data)
    loads = [(tenant, key) for tenant, kind, key in wanted if kind == LOAD]
    if loads:
        _count_loads(connection, shared, loads)


def _count_loads(connection: psycopg.Connection, shared: Mapping[str, Shared], pools: list[tuple[str, str]]) -> None:
    """How many leads the owners of pools have, where that was counted long ago; under the locks, so that what other
    bundles gave them is in it."""
    for tenant, key, data in connection.execute(QUERIES["count_loads"], columns(pools)).fetchall():
        shared[tenant].put(LOAD, key, _decode(data))


def _leave_out_decided(
    connection: psycopg.Connection, shared: Mapping[str, Shared], wanted: list[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    """A test that has its winner never changes: it is read, and nobody waits for anybody."""
    tests = [one for one in wanted if one[1] == EXPERIMENT]
    if not tests:
        return wanted
    decided = set()
    for tenant, kind, key, data in connection.execute(QUERIES["select_decided"], columns(tests)).fetchall():
        shared[tenant].records[kind, key] = _decode(data)
        decided.add((tenant, kind, key))
    return [one for one in wanted if one not in decided]


def _lock_seats(connection: psycopg.Connection, shared: Mapping[str, Shared], wanted: list[tuple[str, str]]) -> None:
    connection.execute(QUERIES["lock_seats"], columns(wanted))
    asked = [(tenant, seat, *seat_parts(seat)) for tenant, seat in wanted]
    for tenant, seat, leads in connection.execute(QUERIES["select_seated"], columns(asked)).fetchall():
        shared[tenant].records[SEAT, seat] = {"leads": leads}


def _store(connection: psycopg.Connection, shared: Mapping[str, Shared]) -> None:
    companies, others = [], []
    for tenant, one in shared.items():
        for kind, key in one.changed:
            data = one.records[kind, key]
            if kind == COMPANY:
                companies.append((tenant, key, _encode(data["fields"]).decode(), data["score"]))
            elif kind != SEAT:  # who is there is kept of each lead
                others.append((tenant, kind, key, _encode(data).decode()))
    if companies:
        connection.execute(QUERIES["update_companies"], columns(sorted(companies)))
    if others:
        connection.execute(QUERIES["update_shared"], columns(sorted(others)))
