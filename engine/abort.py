"""Throw away everything that waits of a tenant, in the same time whatever that is.

What a worker has fetched does not wait: it is executed to its end. What is accepted afterwards is executed, also
an event that was thrown away and is sent again: the ledger does not know it. In this order:

1. the abort is recorded, so that what breaks off is known;
2. Redis forgets the lanes, and leases nothing more of the tenant meanwhile;
3. the buffer and the outbox are marked as void up to here (maintenance removes the rows);
4. the number is recorded, and Redis leases again.

Each may be repeated. Maintenance ends 4 when it was left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import django.db
from django.db import transaction

from engine import control, outbox, spill
from engine.errors import AbortBroken
from engine.lanes import BROKER_ERRORS, lanes
from engine.rights import operator
from engine.spill import InHand


@dataclass(frozen=True)
class Aborted:
    """What was done."""

    generation: int  #: how often the tenant was aborted
    events: int  #: thrown away
    in_hand: int  #: being executed, at most


def waiting(tenant: str) -> int:
    """How many events of a tenant wait, those in work among them. Raises BROKER_ERRORS."""
    return lanes().waiting(tenant) + spill.count_held(tenant) + outbox.count(tenant)


def abort(tenant: str, *, by: str) -> Aborted:
    """Throw away what waits of a tenant. `by` is who says so, for the record.

    Raises ValueError (no such tenant), and AbortBroken which says what has been done and what has not;
    repeating it is harmless.
    """
    generation, lane_count = _begin(tenant, by)
    try:
        events, kept = lanes().abort(tenant, lane_count)
    except BROKER_ERRORS as error:
        said = "PostgreSQL was left alone; of Redis nothing was thrown away, or all if only its answer was lost"
        raise AbortBroken(f"{said}: {error}; repeat it") from error
    in_hand = [InHand(*lane) for lane in kept]
    try:
        with operator() as cursor:
            events += spill.throw_away(tenant, in_hand) + outbox.throw_away(tenant)
            done = {"tenant": tenant, "generation": generation, "events": events}
            cursor.execute(control.QUERIES["end_abort_returning_share"], done)
            transaction.on_commit(partial(control.tell, cursor.fetchone()))
    except django.db.Error as error:
        said = "what was in Redis is thrown away, what was in PostgreSQL is not"
        raise AbortBroken(f"{said}: {error}; repeat it") from error
    return Aborted(generation, events, sum(one.events for one in in_hand))


def _begin(tenant: str, by: str) -> tuple[int, int]:
    try:
        with operator() as cursor:
            cursor.execute(control.QUERIES["begin_abort"], {"tenant": tenant, "by": by})
            row = cursor.fetchone()
    except django.db.Error as error:
        raise AbortBroken(f"nothing was thrown away, PostgreSQL does not answer: {error}") from error
    if row is None:
        raise ValueError(f"no tenant {tenant!r}")
    return row
