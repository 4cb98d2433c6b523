"""Deliveries between the database and a sender: claimed as the worker, settled with what comes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from campaigns import urgency
from campaigns.language.lead import LeadState
from campaigns.language.refusals import RECORDS, Asked, refusal
from campaigns.sender.results import Forbidden, Held, Result, Settled, event_of, settled
from engine.arrays import columns
from engine.rights import rows_of
from engine.sql import load

QUERIES = load("campaigns.sql", "deliveries.sql")
LEADS = load("campaigns.sql", "leads.sql")

_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.decode


class Line(NamedTuple):
    """What waits of one tenant for one destination."""

    tenant: str
    destination: str


class Claimed(NamedTuple):
    """A delivery that this sender holds: nobody else sends it until the claim runs out."""

    tenant: str
    id: int
    key: str
    lead_id: int
    lead: str
    channel: str
    destination: str
    definition: str
    attempts: int  #: this one among them
    attempts_before: int
    depth: int
    created_at: datetime
    body: dict[str, Any]

    @property
    def line(self) -> Line:
        """Where it waited."""
        return Line(self.tenant, self.destination)

    @property
    def claim(self) -> tuple[str, int]:
        """What tells it from another claim of the same delivery, which this sender may hold too once this ran out."""
        return self.key, self.attempts

    @property
    def tries(self) -> int:
        """This one among them, since a person had it tried again."""
        return self.attempts - self.attempts_before


def due_lines(worker: psycopg.Connection, after: Line, limit: int) -> list[Line]:
    """Lines with something due, those after the given one first, then from the beginning."""
    found = _lines(worker, after, limit)
    if len(found) < limit and after != Line("", ""):
        found = list(dict.fromkeys([*found, *_lines(worker, Line("", ""), limit)]))
    return list(dict.fromkeys(Line(tenant, destination) for tenant, destination, is_due in found if is_due))


def _lines(worker: psycopg.Connection, after: Line, limit: int) -> list[tuple[str, str, bool]]:
    return worker.execute(QUERIES["select_lines"], {**after._asdict(), "limit": limit}).fetchall()


def claim(worker: psycopg.Connection, wanted: Mapping[Line, int], hold_seconds: float) -> list[Claimed]:
    """At most so many deliveries of each line, in one statement."""
    tenants, destinations, counts = columns([(*line, count) for line, count in wanted.items()])
    given = {"tenants": tenants, "destinations": destinations, "counts": counts, "hold": hold_seconds}
    rows = worker.execute(QUERIES["claim_deliveries"], given).fetchall()
    return [claimed_of(row) for row in rows]


def claimed_of(row: Sequence[Any]) -> Claimed:
    """A row of a query that returns what a claim has."""
    return Claimed._make([*row[:-1], _decode(row[-1])])


Place = tuple[str, int]  #: tenant, and id of a lead


def forbidden(worker: psycopg.Connection, claimed: Sequence[Claimed], now: datetime) -> dict[int, Forbidden | Held]:
    """Which of these must not be sent, or not now, and why: by their ids. Only what goes to the lead itself: it may
    have said no meanwhile, be deleted, frozen or merged into another, whose word counts then."""
    asked = {one.id: msgspec.convert(one.body["asked"], Asked) for one in claimed if "asked" in one.body}
    if not asked:
        return {}
    standing = _standing(worker, {(one.tenant, one.lead_id) for one in claimed if one.id in asked})
    found = {
        one.id: _verdict(standing[one.tenant, one.lead_id], asked[one.id], now) for one in claimed if one.id in asked
    }
    return {id: verdict for id, verdict in found.items() if verdict is not None}


def _verdict(lead: LeadState, asked: Asked, now: datetime) -> Forbidden | Held | None:
    if lead.deleted_at is not None:
        return Forbidden("policy: the lead is deleted")
    reason = refusal(lead, asked, now)
    if reason is not None:
        return Forbidden(reason)
    if lead.frozen_until is not None and lead.frozen_until > now:
        return Held("the lead is frozen", (lead.frozen_until - now).total_seconds())
    return None


def _standing(worker: psycopg.Connection, places: Collection[Place]) -> dict[Place, LeadState]:
    """Each lead, or the one that it was merged into, with what rules ask of it."""
    leads, found = {}, {}
    for tenant, id, own, key, frozen_until, deleted_at in worker.execute(
        QUERIES["select_standing"], columns(list(places))
    ):
        lead = leads.setdefault((tenant, own), LeadState(id=own, tenant=tenant, key=key))
        lead.frozen_until, lead.deleted_at = frozen_until, deleted_at
        found[tenant, id] = lead
    wanted = [(*place, kind) for place in leads for kind in RECORDS]
    for tenant, id, kind, key, data in worker.execute(LEADS["select_records"], columns(wanted)):
        leads[tenant, id].records[kind, key] = _decode(data)
    return found


def settle(tenant: str, done: Sequence[tuple[Claimed, Result]], now: datetime) -> int:
    """Write what came of a tenant's deliveries, and the events that tell of it, in one transaction.

    A claim that another sender has taken over since is left to it. Returns how many were ours.
    """
    each = {one.id: (one, result, settled(one, result)) for one, result in done}
    rows = columns([_row(one, end) for one, _, end in each.values()])
    with rows_of(tenant) as cursor:
        cursor.execute(QUERIES["settle_deliveries"], [*rows, tenant])
        ours = [each[id] for (id,) in cursor.fetchall()]
        events = [event_of(one, result, end, now) for one, result, end in ours]
        heard = [event for event in events if event is not None]
        if heard:
            urgency.record(tenant, heard)
    return len(ours)


def _row(one: Claimed, end: Settled) -> tuple[Any, ...]:
    answer = None if end.answer is None else _encode(end.answer).decode()
    return one.id, one.attempts, end.state, end.wait, end.error_type, end.error, answer, end.untried
