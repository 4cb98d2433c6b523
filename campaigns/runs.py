"""Parked runs between the database and memory, and their waking."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg

from campaigns import batching, erasure, inside, moves, planning
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.run import RUN_DUE, ParkedRun
from campaigns.rounds import Taken, push_what_fits, tell_in_shares
from campaigns.slots import reserve_slots
from engine import clock
from engine.arrays import columns
from engine.sql import load
from engine.types import Event

QUERIES = load("campaigns.sql", "runs.sql")

#: Runs told to their lanes in one transaction.
RUNS_AT_ONCE = 1000
#: Runs of one tenant in a turn, after which the others' come first.
TENANT_SHARE = 200
#: Then other chores are done.
SECONDS_AT_ONCE = 1.0
#: A run that is still parked so long after its lane was told is told again: the ledger drops what was done.
TOLD_AGAIN_AFTER = timedelta(minutes=5)

_encode = msgspec.json.Encoder(decimal_format="string", order="deterministic").encode
_decode = msgspec.json.decode


def load_runs(
    connection: psycopg.Connection, leads: Iterable[LeadState], rulebooks: Mapping[str, Rulebook]
) -> set[str]:
    """Give each lead its parked runs, where its tenant's campaigns wait.

    Returns the tenants with runs on versions that their rulebook does not know.
    """
    asked = {(lead.tenant, lead.id): lead for lead in leads if rulebooks[lead.tenant].needs_runs and not lead.is_new}
    if not asked:
        return set()
    unknown = set()
    for tenant, id, *row, state, held in connection.execute(QUERIES["select_runs"], columns(list(asked))):
        parked = ParkedRun(*row, _decode(state), held)
        asked[tenant, id].runs[parked.id] = parked
        if rulebooks[tenant].find(parked.campaign_id, parked.version) is None:
            unknown.add(tenant)
    return unknown


def store_runs(connection: psycopg.Connection, leads: Sequence[LeadState], now: datetime) -> None:
    """Write the runs that were parked or woken, and remove those that are over."""
    reserve_slots(connection, leads, now)
    kept, over = [], []
    for lead in leads:
        for id in lead.changed_runs:
            run = lead.runs.get(id)
            if run is None:
                over.append((lead.tenant, lead.id, id))
            else:
                kept.append(_row(lead, run))
    if kept:
        connection.execute(QUERIES["upsert_runs"], columns(sorted(kept, key=lambda row: row[:3])))
    if over:
        connection.execute(QUERIES["delete_runs"], columns(sorted(over)))


def _row(lead: LeadState, run: ParkedRun) -> tuple[object, ...]:
    return (
        lead.tenant, lead.id, run.id, run.campaign_id, run.version, run.key, run.step, run.wake_at, run.waits,
        run.entered_at, _encode(run.state).decode(), run.held,
    )  # fmt: skip


def tend(worker: psycopg.Connection) -> None:
    """What is done twice a second: runs are told when they are due, woken after a pause, removed when they were
    ended; then batches, moves and erasures have their turns."""
    inside.tend(worker)
    wake_due(worker)
    planning.tend(worker)
    batching.tend(worker)
    moves.tend(worker)
    erasure.tend(worker)


def wake_due(worker: psycopg.Connection, now: datetime | None = None) -> int:
    """Tell the lanes of the leads whose runs are due. Returns how many. Takes a connection in autocommit.

    A crash before the commit tells them again, and the ledger drops what was told twice. Raises BrokerDown.
    """
    now = clock.now() if now is None else now
    until = time.monotonic() + SECONDS_AT_ONCE
    return tell_in_shares(lambda had: _wake_some(worker, now, had), RUNS_AT_ONCE, TENANT_SHARE, until)


def _wake_some(worker: psycopg.Connection, now: datetime, had: list[str]) -> Taken:
    """Those whose lane is full or closed count as told: they are told again later."""
    with worker.transaction():
        events = _take(worker, now, had)
        push_what_fits(events)
    return Taken([event.tenant for event in events], len(events))


def _take(worker: psycopg.Connection, now: datetime, had: list[str]) -> list[Event]:
    parameters = {"now": now, "had": had, "limit": RUNS_AT_ONCE, "again": now + TOLD_AGAIN_AFTER}
    accepted_at = datetime.now(UTC)  # the machine's time, as of all that is accepted
    rows = worker.execute(QUERIES["take_due_runs"], parameters).fetchall()
    return [
        Event(
            id=f"run:{run}:{waits}", tenant=tenant, lead=lead, type=RUN_DUE, accepted_at=accepted_at, occurred_at=at,
            data={"run": run, "waits": waits}, source="timer", urgent=urgent,
        )
        for tenant, lead, run, waits, at, urgent in sorted(rows, key=lambda row: row[4])
    ]  # fmt: skip
