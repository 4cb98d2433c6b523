"""Erasures of leads: asked for with the effects of a bundle, done by maintenance, remembered afterwards.

asked   a row of campaigns_erasure, the lead frozen, what waits to be sent cancelled, in one transaction
due     a turn of maintenance: one transaction for each lead, which repeats as a whole after a crash
done    the row stays with a hash of the key: an event accepted before is no reason to make the lead anew
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import psycopg

from campaigns.language.lead import Erasure, LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.rounds import take_turns
from engine.arrays import columns
from engine.errors import Retry
from engine.sql import load
from engine.types import Event

logger = logging.getLogger(__name__)
QUERIES = load("campaigns.sql", "erasure.sql")
LIVES = load("campaigns.sql", "lives.sql")

DONE, FAILED = "done", "failed"
#: What stands in the way of one that is due, and after how many seconds it is looked at again.
OBSTACLES = {
    "held": 3600.0,  # a legal hold; whoever lifts it has the erasure looked at at once
    "waiting": 60.0,  # events of the lead wait in the outbox or in the buffer of a lane
    "busy": 5.0,  # somebody works on the lead
    FAILED: 600.0,  # the database refused it, which nobody foresaw: the log says why
}
#: Then other chores are done.
SECONDS_AT_ONCE = 0.5


def load_obstacles(
    connection: psycopg.Connection, leads: Collection[LeadState], rulebooks: Mapping[str, Rulebook]
) -> None:
    """Tell the leads which erasure is open and which legal hold there is, where campaigns ask for erasures."""
    asked = {(lead.tenant, lead.id): lead for lead in leads if rulebooks[lead.tenant].erases}
    if not asked:
        return
    for tenant, id, mode, *rest, hold in connection.execute(QUERIES["select_obstacles"], columns(list(asked))):
        asked[tenant, id].hold = hold
        asked[tenant, id].erasure = Erasure(mode, *rest) if mode is not None else None


def store_erasures(connection: psycopg.Connection, leads: Sequence[LeadState], now: datetime) -> None:
    """Write down what is to be erased; nothing of it is sent any more, and none of its runs goes on."""
    if not leads:
        return
    places = sorted((lead.tenant, lead.id) for lead in leads)
    connection.execute(QUERIES["raise_versions_of_first_erasures"], [sorted({tenant for tenant, _ in places})])
    connection.execute(QUERIES["upsert_erasures"], [now, *columns(sorted(map(_row, leads), key=lambda row: row[:2]))])
    connection.execute(QUERIES["cancel_deliveries_of_leads"], [now, *columns(places)])
    connection.execute(LIVES["delete_runs_of_leads"], columns(places))


def _row(lead: LeadState) -> tuple[object, ...]:
    asked = lead.erasure
    assert asked is not None
    return (
        lead.tenant, lead.id, lead.key, asked.mode, asked.due_at, asked.frozen_before, asked.campaign_id, asked.run,
    )  # fmt: skip


def without_erased(
    connection: psycopg.Connection, events: Sequence[Event], rulebooks: Mapping[str, Rulebook]
) -> Sequence[Event]:
    """The events less those that were accepted before their lead was erased: they count as done, and nothing else.

    Costs nothing where no erasure was ever asked for.
    """
    places = {(event.tenant, event.lead) for event in events if rulebooks[event.tenant].remembers_erased}
    if not places:
        return events
    erased = {
        (tenant, key): at
        for tenant, key, at in connection.execute(QUERIES["select_erased"], columns(sorted(places))).fetchall()
    }
    if not erased:
        return events
    return [event for event in events if not _is_older(event, erased.get((event.tenant, event.lead)))]


def check_erased(
    connection: psycopg.Connection,
    events: Sequence[Event],
    created: Collection[tuple[str, str]],
    rulebooks: Mapping[str, Rulebook],
) -> None:
    """Raises Retry when a lead was erased while the bundle waited for it, and was made anew for an old event."""
    doubtful = [event for event in events if (event.tenant, event.lead) in created]
    if doubtful and len(without_erased(connection, doubtful, rulebooks)) < len(doubtful):
        raise Retry(0.0, "a lead was erased at this moment")


def _is_older(event: Event, erased_at: datetime | None) -> bool:
    return erased_at is not None and event.accepted_at <= erased_at


def tend(worker: psycopg.Connection) -> int:
    """Do what is due, one lead in a transaction, one of each tenant in a round. Returns how many were erased.

    Takes a connection in autocommit.
    """
    ends: list[str] = []
    take_turns(partial(_turn, worker, ends), time.monotonic() + SECONDS_AT_ONCE)
    return ends.count(DONE)


def _turn(worker: psycopg.Connection, ends: list[str], had: list[str]) -> str | None:
    """One erasure of a tenant that had none; what came of it is added to the ends. Returns the tenant.

    One that fails is tried again later, so that it holds up none.
    """
    place: dict[str, Any] = {}
    try:
        with worker.transaction():
            row = worker.execute(QUERIES["take_erasure"], {"had": had}).fetchone()
            if row is None:
                return None
            place = {"tenant": row[0], "erasure": row[1]}
            came = _erase(worker, place)
    except psycopg.Error:
        if worker.closed or not place:
            raise
        logger.exception("erasure %(erasure)d of tenant %(tenant)s failed", place)
        came = FAILED
        _postpone(worker, place, came)
    ends.append(came)
    tenant: str = place["tenant"]
    return tenant


def _erase(worker: psycopg.Connection, place: dict[str, Any]) -> str:
    worker.execute(QUERIES["enter_tenant"], place)
    found = worker.execute(QUERIES["erase_lead"], place).fetchone()
    assert found is not None
    came: str = found[0]
    if came != DONE:
        _postpone(worker, place, came)
    logger.info("erasure %d of tenant %s: %s", place["erasure"], place["tenant"], came)
    return came


def _postpone(worker: psycopg.Connection, place: dict[str, Any], why: str) -> None:
    worker.execute(QUERIES["postpone_erasure"], place | {"seconds": OBSTACLES[why], "why": why})
