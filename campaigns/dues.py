"""Times at which the clock sets off campaigns, as far as they follow from what a bundle does to leads.

Maintenance plans the hours to come (campaigns/planning.py); a lead that changes meanwhile is planned anew here, in the
transaction that changes it. Tenants whose campaigns have no such triggers pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from campaigns.history import answer_questions
from campaigns.language.interpreter import LEAD_CREATED
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.schema import INACTIVITY_REACHED, TenantSchema
from campaigns.language.timed import has_timers
from campaigns.language.timing import AGAIN, LATE_LIMIT, DateTiming, Due, Silence, Timer
from campaigns.leads import Place, StoredLead
from engine import clock
from engine.arrays import columns
from engine.sql import load
from engine.types import Event

QUERIES = load("campaigns.sql", "dues.sql")

#: So far ahead a day's planning reaches, and so far ahead a changed lead is planned here: until the next planning has
#: looked at all leads.
PLANNED_AHEAD, WRITTEN_AHEAD = timedelta(hours=25), timedelta(hours=50)

#: Events by which a date may have changed outside of this bundle.
CHANGED = ("field.changed", LEAD_CREATED)

_encode = msgspec.json.Encoder(order="deterministic").encode

#: Tenant, campaign, lead, trigger, occasion, version, when, type of event, its data.
Row = tuple[str, int, int, str, str, int, datetime, str, str]


def row_of(tenant: str, lead: int, timer: Timer, due: Due) -> Row:
    """A time as it is stored."""
    data = _encode(timer.about(due)).decode()
    return tenant, timer.campaign_id, lead, timer.trigger, due.occasion, timer.version, due.at, timer.timing.event, data


def load_silences(
    connection: psycopg.Connection,
    events: Sequence[Event],
    leads: Mapping[Place, StoredLead],
    rulebooks: Mapping[str, Rulebook],
    now: datetime,
) -> None:
    """Count what happened lately to the leads that are told of their silence: it may be over. One statement."""
    asked: dict[tuple[str, Silence], dict[int, LeadState]] = {}
    for event in events:
        if event.type != INACTIVITY_REACHED:
            continue
        lead = leads[event.tenant, event.lead].state
        for timer in rulebooks[event.tenant].timers:
            if isinstance(timer.timing, Silence) and timer.campaign == event.data.get("campaign"):
                lead.history.setdefault(timer.timing, 0)
                asked.setdefault((event.tenant, timer.timing), {})[lead.id] = lead
    if asked:
        answer_questions(connection, asked, rulebooks, now)


class _Plan:
    """What is to be written."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.until = now + WRITTEN_AHEAD
        self.written: set[Row] = set()
        self.changed: list[tuple[Any, ...]] = []  #: tenant, campaign, lead, trigger, occasion kept, before

    def follow(self, lead: LeadState, timer: Timer, events: Iterable[Event], schema: TenantSchema) -> None:
        """Plan a lead's next time anew where it may be another one than before."""
        if isinstance(timer.timing, DateTiming):
            self._follow_date(lead, timer, timer.timing, events, schema)
        else:
            self._follow_silence(lead, timer, timer.timing, events)

    def _follow_date(
        self, lead: LeadState, timer: Timer, timing: DateTiming, events: Iterable[Event], schema: TenantSchema
    ) -> None:
        changed = _has_changed(lead, timing, events)
        told = [one.data for one in events if one.type == timing.event and one.data.get("campaign") == timer.campaign]
        if not changed and not told:
            return
        found = timing.coming(lead, schema, self.now - LATE_LIMIT, self.until)
        coming = [due for due in found if due.at > self.now]
        if changed and not lead.is_new:
            # Whose clocks were put forward over the time is told at the time planned before.
            kept = next((due.occasion for due in reversed(found) if due.at <= self.now), "")
            self._forget(lead, timer, kept, None)
        self.written.update(row_of(lead.tenant, lead.id, timer, _renamed(due, told)) for due in coming)

    def _follow_silence(self, lead: LeadState, timer: Timer, silence: Silence, events: Iterable[Event]) -> None:
        heard = [one.occurred_at for one in events if one.type in silence.kinds or one.type == LEAD_CREATED]
        if lead.is_new:
            heard.append(self.now)
        if not heard:
            return
        due = silence.after(max(heard))
        if due.at <= self.now:
            return
        if not lead.is_new:
            self._forget(lead, timer, due.occasion, due.at)
        if due.at <= self.until:
            self.written.add(row_of(lead.tenant, lead.id, timer, due))

    def _forget(self, lead: LeadState, timer: Timer, kept: str, before: datetime | None) -> None:
        self.changed.append((lead.tenant, timer.campaign_id, lead.id, timer.trigger, kept, before))


def _renamed(due: Due, told: Iterable[Mapping[str, Any]]) -> Due:
    """What a lead was told too early, for its clocks have been put back, it is told again: by another id."""
    early = [data.get(AGAIN, 0) for data in told if data.get("occasion") == due.occasion]
    return due._replace(data={**due.data, AGAIN: max(early) + 1}) if early else due


def _has_changed(lead: LeadState, timing: DateTiming, events: Iterable[Event]) -> bool:
    if lead.is_new or lead.life_changed or lead.changed & timing.reads:
        return True
    return any(one.type in CHANGED and one.data.get("field", timing.field) in timing.reads for one in events)


def store_dues(
    connection: psycopg.Connection,
    events: Iterable[Event],
    leads: Mapping[Place, StoredLead],
    rulebooks: Mapping[str, Rulebook],
    now: datetime,
) -> None:
    """Plan anew the leads whose next time may be another one now. At most two statements."""
    plan, told = _Plan(now), dict[int, tuple[LeadState, list[Event]]]()
    for event in events:
        lead = leads[event.tenant, event.lead].state
        told.setdefault(id(lead), (lead, []))[1].append(event)
    for lead, heard in told.values():
        for timer in rulebooks[lead.tenant].timers:
            if lead.winner is None and lead.deleted_at is None:
                plan.follow(lead, timer, heard, rulebooks[lead.tenant].schema)
    if plan.changed:
        connection.execute(QUERIES["delete_dues_changed"], columns(plan.changed))
    if plan.written:
        connection.execute(QUERIES["upsert_dues"], columns(sorted(plan.written)))


def plan_campaign(connection: psycopg.Connection, tenant: str, campaign_id: int, version: int, document: Any) -> None:
    """On publication: from now on the campaign's times are planned, or no longer. Those of other versions are void."""
    place = {"tenant": tenant, "campaign": campaign_id}
    if has_timers(document):
        connection.execute(QUERIES["upsert_plan"], {**place, "version": version, "now": clock.now()})
    else:
        connection.execute(QUERIES["delete_plan"], place)
