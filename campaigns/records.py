"""Records of leads between the database and memory: the kinds that a rulebook needs, and what changed of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
import psycopg

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.shared import KINDS
from engine.arrays import columns
from engine.sql import load

QUERIES = load("campaigns.sql", "leads.sql")

_encode = msgspec.json.Encoder(decimal_format="string", order="deterministic").encode
_decode = msgspec.json.decode


#: Tenant and id of a lead -> kinds of records that its events need, whatever campaigns run.
Needed = Mapping[tuple[str, int], frozenset[str]]
NOTHING: Needed = {}


def load_records(
    connection: psycopg.Connection,
    leads: Iterable[LeadState],
    rulebooks: Mapping[str, Rulebook],
    needed: Needed = NOTHING,
) -> None:
    """Give each lead its records of the kinds that its tenant's campaigns, or its events, use. New leads have none."""
    if not needed and not any(rulebook.needs_records for rulebook in rulebooks.values()):
        return
    asked, wanted = {}, []
    for lead in leads:
        kinds = rulebooks[lead.tenant].needs_records - KINDS
        if needed:
            kinds = kinds | needed.get((lead.tenant, lead.id), kinds)
        if kinds and not lead.is_new:
            asked[lead.tenant, lead.id] = lead
            wanted += [(lead.tenant, lead.id, kind) for kind in sorted(kinds)]
    if not wanted:
        return
    for tenant, id, kind, key, data in connection.execute(QUERIES["select_records"], columns(wanted)):
        asked[tenant, id].records[kind, key] = _decode(data)


def store_records(connection: psycopg.Connection, leads: Iterable[LeadState], now: datetime) -> None:
    """Write the records that changed, and remove those that were dropped."""
    kept, dropped = [], []
    for lead in leads:
        for place in lead.changed_records:
            data = lead.records.get(place)
            row = (lead.tenant, lead.id, *place)
            if data is None:
                dropped.append(row)
            else:
                kept.append((*row, _encode(data).decode()))
    if kept:
        connection.execute(QUERIES["upsert_records"], [now, *columns(sorted(kept))])
    if dropped:
        connection.execute(QUERIES["delete_records"], columns(sorted(dropped)))
