"""Slots of throttled runs: reserved in the transaction that stores the runs, so each is taken exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import psycopg

from campaigns.language.lead import LeadState
from campaigns.language.run import ParkedRun
from campaigns.language.slots import SlotRequest, give_slot, take_slots
from engine.arrays import columns
from engine.sql import load

QUERIES = load("campaigns.sql", "slots.sql")

Bucket = tuple[str, str]  #: tenant and key
Asking = tuple[LeadState, ParkedRun, SlotRequest]


def reserve_slots(connection: psycopg.Connection, leads: Iterable[LeadState], now: datetime) -> None:
    """Give each parked run that asks for a slot the time of its own, or a refusal at once.

    Buckets are locked in one order, after everything else that a bundle locks for long, so bundles wait for one
    another but never in a circle.
    """
    asked = _asked(leads)
    if not asked:
        return
    rows = connection.execute(QUERIES["lock_buckets"], columns(sorted(asked))).fetchall()
    moments = []
    for tenant, key, next_at in rows:
        asking = asked[tenant, key]
        slots, moment = take_slots(next_at, now, [request for _, _, request in asking])
        moments.append((tenant, key, moment))
        for (_, run, _), slot in zip(asking, slots, strict=True):
            give_slot(run, slot, now)
    connection.execute(QUERIES["update_buckets"], columns(moments))


def forget_buckets(worker: psycopg.Connection) -> None:
    """Remove buckets that have long been full."""
    worker.execute(QUERIES["forget_buckets"])


def _asked(leads: Iterable[LeadState]) -> dict[Bucket, list[Asking]]:
    """Who asks for what, those first that were entered first."""
    found: dict[Bucket, list[Asking]] = defaultdict(list)
    for lead in leads:
        for id in lead.changed_runs:
            run = lead.runs.get(id)
            if run is not None and run.asks is not None:
                found[lead.tenant, run.asks.key].append((lead, run, run.asks))
    for asking in found.values():
        asking.sort(key=lambda one: (one[1].entered_at, one[0].id, one[1].id))
    return found
