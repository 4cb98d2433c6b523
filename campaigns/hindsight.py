"""Leads as they were: what is stored now, with what was recorded since undone, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from campaigns.language.interpreter import LEAD_CREATED
from campaigns.language.lead import LeadState
from campaigns.language.outside import put, take_back
from campaigns.language.qualification import ENTRY
from campaigns.language.rulebook import Rulebook
from campaigns.language.sqltext import sql
from campaigns.language.timing import Silence
from campaigns.language.watching import SEEN
from campaigns.leads import read_leads
from engine.sql import load
from engine.types import Event

QUERIES = load("campaigns.sql", "hindsight.sql")
AUDIENCE = load("campaigns.sql", "audience.sql")


class Row(msgspec.Struct, frozen=True):
    """One activity."""

    lead: int
    id: int
    occurred_at: datetime
    recorded_at: datetime
    kind: str
    campaign_id: int | None
    step: str | None
    event_key: str
    data: dict[str, Any]

    @property
    def is_event(self) -> bool:
        """Whether it is an event that came from outside."""
        return self.campaign_id is None and "event_id" in self.data


def load_history(
    connection: psycopg.Connection, tenant: str, leads: Sequence[int], since: datetime, *, limit: int
) -> dict[int, list[Row]]:
    """The activities of leads since a moment, newest first; at most `limit` in all."""
    parameters = {"tenant": tenant, "leads": list(leads), "since": since, "limit": limit}
    found: dict[int, list[Row]] = {}
    for *parts, data in connection.execute(QUERIES["select_history_since"], parameters):
        row = Row(*parts, msgspec.json.decode(data))
        found.setdefault(row.lead, []).append(row)
    return found


def last_heard(
    connection: psycopg.Connection, rulebook: Rulebook, leads: Sequence[int], since: datetime
) -> dict[tuple[int, Silence], datetime]:
    """When leads were heard of last before a moment, for each silence that campaigns hear of. One that was reached by
    then need not be known. A statement for each."""
    found: dict[tuple[int, Silence], datetime] = {}
    for silence in {timer.timing for timer in rulebook.timers if isinstance(timer.timing, Silence)}:
        parameters = {
            "tenant": rulebook.schema.tenant, "leads": list(leads), "kinds": sorted(silence.kinds),
            "first": silence.since(since), "since": since,
        }  # fmt: skip
        for lead, at in connection.execute(QUERIES["select_last_heard_before"], parameters):
            found[lead, silence] = at
    return found


def load_states(connection: psycopg.Connection, rulebook: Rulebook, leads: Sequence[int]) -> list[LeadState]:
    """Leads as they are now, with what the rulebook needs of them. Not to be stored."""
    query = sql(AUDIENCE["select_leads_by_id"], rulebook.schema.tenant, list(leads))
    rows = connection.execute(query.text, query.params).fetchall()
    return read_leads(connection, rows, {rulebook.schema.tenant: rulebook})


def undo(lead: LeadState, rows: Iterable[Row], rulebook: Rulebook) -> None:
    """Take back what the rows, newest first, say was done to the lead."""
    for row in rows:
        if row.kind == LEAD_CREATED:
            lead.values, lead.announced = {"score": 0}, False
        elif row.data.get("outcome") == "done" or row.is_event:
            _undo_one(lead, row.data, row, rulebook)


def _undo_one(lead: LeadState, data: dict[str, Any], row: Row, rulebook: Rulebook) -> None:
    if row.is_event:
        take_back(lead, row.kind, row.data.get("data") or {}, rulebook.schema)
        return
    if "field" in data and "old" in data:
        put(lead, data["field"], data["old"], rulebook.schema)
    lead.tags.difference_update(data.get("added", ()))
    lead.tags.update(data.get("removed", ()))
    if row.kind == "add_to_list":
        lead.lists.discard(data.get("list", ""))
    elif row.kind == "remove_from_list" and "list" in data:
        lead.lists.add(data["list"])
    elif "old" in data:
        _put_back(lead, data, rulebook)


def _put_back(lead: LeadState, data: dict[str, Any], rulebook: Rulebook) -> None:
    for kind in rulebook.needs_records & data.keys():
        if data["old"] is None:
            lead.records.pop((kind, data[kind]), None)
        else:
            lead.records[kind, data[kind]] = data["old"]


def forget_entries(lead: LeadState, since: datetime) -> None:
    """Take back the entries into campaigns since a moment, which are counted in a record that is not logged, and on
    which smart lists the lead was seen."""
    for (kind, key), data in list(lead.records.items()):
        if kind == SEEN:
            del lead.records[kind, key]
        elif kind == ENTRY:
            kept = [at for at in data["at"] if datetime.fromisoformat(at) < since]
            lead.records[kind, key] = {"at": kept}


def events_of(rows: Iterable[Row], tenant: str, key: str) -> list[Event]:
    """The events from outside among a lead's rows, as they came, oldest first."""
    found = [
        Event(
            id=row.data["event_id"], tenant=tenant, lead=key, type=row.kind, accepted_at=row.recorded_at,
            occurred_at=row.occurred_at, data=row.data.get("data") or {}, source=row.data.get("source", "api"),
        )
        for row in rows
        if row.is_event
    ]  # fmt: skip
    return found[::-1]
