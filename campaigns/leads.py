"""Leads between the database and memory: read under lock for a bundle, changes written back in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from campaigns.erasure import load_obstacles, store_erasures
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.schema import TenantSchema
from campaigns.lives import store_lives
from campaigns.outbound import post_deliveries
from campaigns.records import Needed, load_records, store_records
from engine.arrays import columns
from engine.errors import Retry
from engine.sql import load

QUERIES = load("campaigns.sql", "leads.sql")
COLUMNS = ("email", "first_name", "last_name", "phone", "company", "owner", "stage", "score")
BESIDE = {"tags", "lists", "company", "frozen_until"}  #: of what changes, what has a statement of its own

#: Merges of one lead that are waited for while it is read.
REDIRECTS_LIMIT = 5

#: A lead's tenant and key.
Place = tuple[str, str]
NOTHING: Mapping[Place, frozenset[str]] = {}

_encode = msgspec.json.Encoder(decimal_format="string", order="deterministic").encode
_decode = msgspec.json.decode


class StoredLead:
    """A lead in memory beside what was stored of it, so that only the difference is written."""

    __slots__ = ("fields", "lists", "merged_into", "state")

    def __init__(self, state: LeadState, fields: dict[str, Any], lists: frozenset[str]) -> None:
        self.state = state
        self.fields = fields  #: custom fields as JSON, also those the tenant has no definition of any more
        self.lists = lists  #: keys of the lists it was on
        self.merged_into: int | None = None  #: the lead that this one is


def load_leads(
    connection: psycopg.Connection,
    places: Collection[Place],
    rulebooks: Mapping[str, Rulebook],
    needed: Mapping[Place, frozenset[str]] = NOTHING,
    beside: Collection[Place] = (),
) -> dict[Place, StoredLead]:
    """The leads of these places, locked; those that do not exist are made. The place of one that was merged has the
    lead that it was merged into.

    needed: records that events ask for; beside: other leads that events are about, which are not made.
    """
    wanted = sorted({*places, *beside} if beside else places)
    found = _lock(connection, wanted, rulebooks)
    missing = [place for place in wanted if place not in found and (not beside or place in places)]
    if missing:
        made = connection.execute(QUERIES["insert_leads_missing"], columns(missing)).fetchall()
        for tenant, key, id in made:
            found[tenant, key] = StoredLead(_new(tenant, key, id), {}, frozenset())
        elsewhere = [place for place in missing if place not in found]
        if elsewhere:
            found |= _lock(connection, elsewhere, rulebooks)
    if any(lead.merged_into for lead in found.values()):
        found = _follow(connection, found, rulebooks)
    _load_lists(connection, found.values(), rulebooks)
    states = [lead.state for lead in found.values()]
    load_records(connection, states, rulebooks, _by_id(found, needed))
    load_obstacles(connection, states, rulebooks)
    return found


def _by_id(found: Mapping[Place, StoredLead], needed: Mapping[Place, frozenset[str]]) -> Needed:
    """Several places may lead to one lead."""
    kinds: dict[tuple[str, int], frozenset[str]] = {}
    for place, asked in needed.items():
        if place in found:
            target = place[0], found[place].state.id
            kinds[target] = kinds.get(target, frozenset()) | asked
    return kinds


def _follow(
    connection: psycopg.Connection, found: Mapping[Place, StoredLead], rulebooks: Mapping[str, Rulebook]
) -> dict[Place, StoredLead]:
    """The same with the leads that merged ones were merged into. One step leads there, unless they are merged
    right now. These rows are locked after the others: whoever gets in each other's way so is tried again."""
    leads = dict(found)
    known = {(lead.state.tenant, lead.state.id): lead for lead in found.values()}
    for _ in range(REDIRECTS_LIMIT):
        ahead = {place: (place[0], lead.merged_into) for place, lead in leads.items() if lead.merged_into}
        if not ahead:
            return leads
        unknown = sorted(set(ahead.values()) - known.keys())
        if unknown:
            for row in connection.execute(QUERIES["lock_leads_by_id"], columns(unknown)).fetchall():
                known[row[0], row[2]] = _read(row, rulebooks[row[0]].schema)
        leads |= {place: known[target] for place, target in ahead.items()}
    raise Retry(0.1, "a lead is merged again and again at this moment")


def read_leads(
    connection: psycopg.Connection, rows: Iterable[tuple[Any, ...]], rulebooks: Mapping[str, Rulebook]
) -> list[LeadState]:
    """Leads of rows that were selected without a lock, with what the rulebooks need of them. Not to be stored."""
    leads = [_read(row, rulebooks[row[0]].schema) for row in rows]
    _load_lists(connection, leads, rulebooks)
    states = [lead.state for lead in leads]
    load_records(connection, states, rulebooks)
    load_obstacles(connection, states, rulebooks)
    return states


def _new(tenant: str, key: str, id: int) -> LeadState:
    return LeadState(id=id, tenant=tenant, key=key, values={"score": 0}, is_new=True)


def _lock(
    connection: psycopg.Connection, places: Sequence[Place], rulebooks: Mapping[str, Rulebook]
) -> dict[Place, StoredLead]:
    rows = connection.execute(QUERIES["lock_leads_by_key"], columns(places)).fetchall()
    return {(row[0], row[1]): _read(row, rulebooks[row[0]].schema) for row in rows}


def _read(row: tuple[Any, ...], schema: TenantSchema) -> StoredLead:
    tenant, key, id, email, first_name, last_name, phone, company, owner_id, stage, score, tags, stored, *life = row
    fields = _decode(stored)
    values = typed(fields, schema)
    owner = schema.owner_of_id.get(owner_id)
    built_in = (email, first_name, last_name, phone, company, owner, stage, score)
    for name, value in zip(COLUMNS, built_in, strict=True):
        if value is not None:
            values[name] = value
    state = LeadState(id=id, tenant=tenant, key=key, values=values, tags=set(tags))
    lead = StoredLead(state, fields, frozenset())
    state.frozen_until, state.deleted_at, state.restorable_until, lead.merged_into = life
    return lead


def typed(fields: Mapping[str, Any], schema: TenantSchema) -> dict[str, Any]:
    """Custom fields as Python values. What does not fit its definition any more reads as null but stays stored."""
    values = {}
    for key, raw in fields.items():
        spec = schema.fields.get(key)
        if spec is None or spec.builtin:
            continue
        try:
            values[key] = spec.cast(raw)
        except ValueError:
            continue
    return values


def _load_lists(connection: psycopg.Connection, leads: Iterable[StoredLead], rulebooks: Mapping[str, Rulebook]) -> None:
    asked = {(lead.state.tenant, lead.state.id): lead for lead in leads if rulebooks[lead.state.tenant].needs_lists}
    if not asked:
        return
    for tenant, id, list_id in connection.execute(QUERIES["select_memberships"], columns(list(asked))):
        key = rulebooks[tenant].schema.list_of_id.get(list_id)
        if key is not None:
            asked[tenant, id].state.lists.add(key)
    for lead in asked.values():
        lead.lists = frozenset(lead.state.lists)


def store_leads(
    connection: psycopg.Connection,
    leads: Iterable[StoredLead],
    rulebooks: Mapping[str, Rulebook],
    now: datetime,
) -> None:
    """Write what changed of the leads, each kind of change in one statement."""
    leads = list({id(lead): lead for lead in leads}.values())
    lives = [lead.state for lead in leads if lead.state.life_changed]
    store_records(connection, [lead.state for lead in leads if lead.state.changed_records], now)
    post_deliveries(connection, [lead.state for lead in leads if lead.state.outgoing], now)
    changed = [lead for lead in leads if lead.state.changed]
    names = set[str]().union(*(lead.state.changed for lead in changed))
    if not names <= BESIDE:
        _update_fields(connection, changed, rulebooks, now)
    if "company" in names:
        _update_company(connection, changed, now)
    if "frozen_until" in names:
        _update_frozen(connection, changed, now)
    if "tags" in names:
        _update_tags(connection, changed, rulebooks, now)
    if "lists" in names:
        _update_lists(connection, changed, rulebooks, now)
    if lives:
        store_lives(connection, lives, now)


def _update_fields(
    connection: psycopg.Connection,
    leads: Iterable[StoredLead],
    rulebooks: Mapping[str, Rulebook],
    now: datetime,
) -> None:
    rows = [_row(lead, rulebooks[lead.state.tenant].schema) for lead in leads if not lead.state.changed <= BESIDE]
    connection.execute(QUERIES["update_leads_changed"], [now, *columns(rows)])


def _row(lead: StoredLead, schema: TenantSchema) -> tuple[Any, ...]:
    get = lead.state.values.get
    fields = lead.fields
    for name in lead.state.changed:
        spec = schema.fields.get(name)
        if spec is None or spec.builtin:
            continue
        value = get(name)
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = spec.dump(value)
    owner = schema.owners.get(get("owner") or "")
    return (
        lead.state.tenant, lead.state.id, get("email"), get("first_name"), get("last_name"), get("phone"),
        owner, get("stage"), get("score") or 0, _encode(fields).decode(),
    )  # fmt: skip


def _update_company(connection: psycopg.Connection, leads: Iterable[StoredLead], now: datetime) -> None:
    states = [lead.state for lead in leads if "company" in lead.state.changed]
    rows = [(state.tenant, state.id, state.values.get("company")) for state in states]
    connection.execute(QUERIES["update_leads_company"], [now, *columns(rows)])


def _update_frozen(connection: psycopg.Connection, leads: Iterable[StoredLead], now: datetime) -> None:
    states = [lead.state for lead in leads if "frozen_until" in lead.state.changed]
    rows = [(state.tenant, state.id, state.frozen_until) for state in states]
    connection.execute(QUERIES["update_leads_frozen"], [now, *columns(rows)])
    store_erasures(connection, [state for state in states if state.erasure is not None], now)


def _update_tags(
    connection: psycopg.Connection,
    leads: Iterable[StoredLead],
    rulebooks: Mapping[str, Rulebook],
    now: datetime,
) -> None:
    states = [lead.state for lead in leads if "tags" in lead.state.changed]
    unknown = {(s.tenant, tag) for s in states for tag in s.tags - rulebooks[s.tenant].schema.tags}
    if unknown:
        connection.execute(QUERIES["insert_tags_missing"], columns(sorted(unknown)))
    rows = [(s.tenant, s.id, _encode(sorted(s.tags)).decode()) for s in states]
    connection.execute(QUERIES["update_tags_changed"], [now, *columns(rows)])


def _update_lists(
    connection: psycopg.Connection,
    leads: Iterable[StoredLead],
    rulebooks: Mapping[str, Rulebook],
    now: datetime,
) -> None:
    joined, left = [], []
    for lead in leads:
        state, lists = lead.state, rulebooks[lead.state.tenant].schema.lists
        if "lists" in state.changed:
            joined += [(state.tenant, lists[key], state.id) for key in state.lists - lead.lists]
            left += [(state.tenant, lists[key], state.id) for key in lead.lists - state.lists]
    if joined:
        connection.execute(QUERIES["insert_members"], [now, *columns(sorted(joined))])
    if left:
        connection.execute(QUERIES["delete_members"], columns(sorted(left)))
