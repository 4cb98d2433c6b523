"""Rehearse a draft on what really happened to a tenant's leads: who would have entered, and what would have been done.

    report = rehearse("acme", "welcome", since=month_ago, leads=1_000)

The leads are taken back to the moment `since`, then the events from outside since then are played, once with the
draft in place of the live version and once as it is. Other campaigns of the tenant run in both. Who was inside a
campaign at that moment is not known, and nobody is. A document with the trigger `batch` is run for its audience: at the
beginning, or at the times of its schedule, for those who match it as they are by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from campaigns.hindsight import (
    QUERIES,
    Row,
    events_of,
    forget_entries,
    last_heard,
    load_history,
    load_states,
    undo,
)
from campaigns.history import load_stored
from campaigns.language.document import validate
from campaigns.language.faults import Fault
from campaigns.language.history import CompanyOf, Remembered
from campaigns.language.lead import LeadState
from campaigns.language.leadtimes import TimesOf
from campaigns.language.rehearsal import Rehearsal, Report
from campaigns.language.rulebook import Rulebook, compile_rulebook
from campaigns.language.schema import BATCH_MEMBER, DATE_REACHED, INACTIVITY_REACHED, TenantSchema
from campaigns.language.shared import AUDIENCE, Place
from campaigns.models import Campaign
from campaigns.rehearsed_batches import muster, needs_of, starts_of
from campaigns.schema_source import TenantSource, source_of
from campaigns.tenancy import connection_of, tenant_context
from engine.types import Event

LEADS_AT_ONCE = 500
ROWS_AT_ONCE = 100_000  #: activities looked at for so many leads; older ones of the last leads are left out
REMEMBERED = timedelta(days=90)  #: how far conditions on the history look back beyond the moment

#: Questions whose answers are taken as they are now. Who was inside a campaign is not known.
KEPT = (CompanyOf, TimesOf)

#: Told how many leads were played.
Progress = Callable[[int], None]


class Rehearsed(msgspec.Struct, frozen=True):
    """What the draft would have done, and what the live version does on the same events."""

    draft: Report
    live: Report | None  #: None when nothing is live


class FaultyDraft(ValueError):
    """A draft with faults cannot be rehearsed."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def rehearse(
    tenant: str, key: str, *, since: datetime, until: datetime, leads: int, progress: Progress = lambda played: None
) -> Rehearsed:
    """Play the events since a moment on at most so many leads. Raises FaultyDraft, Campaign.DoesNotExist."""
    with tenant_context(tenant):
        campaign = Campaign.objects.get(key=key)
        source = source_of(tenant)
        plays = [_Play(tenant, source, campaign, since, until, draft=True)]
        if campaign.live_version is not None and campaign.status != Campaign.Status.ARCHIVED:
            plays.append(_Play(tenant, source, campaign, since, until, draft=False))
        reports: list[Report] = [Report() for _ in plays]
        played = 0
        for ids in _pages(tenant, leads):
            for play, report in zip(plays, reports, strict=True):
                _add(report, play.on(ids))
            played += len(ids)
            progress(played)
    return Rehearsed(reports[0], reports[1] if len(reports) > 1 else None)


class _Play:
    """The draft or the live version, to be played on leads."""

    def __init__(
        self, tenant: str, source: TenantSource, campaign: Campaign, since: datetime, until: datetime, *, draft: bool
    ) -> None:
        self.tenant, self.key, self.since, self.until = tenant, campaign.key, since, until
        self.schema = source.schema(tenant)
        live = next(found.document for found in source.campaigns if found.id == campaign.pk)
        self.document = campaign.draft if draft else live
        if draft and (faults := validate(campaign.draft, self.schema, key=campaign.key)):
            raise FaultyDraft(faults)
        self.book = _rulebook(source, self.schema, campaign, self.document)
        self.let_in: dict[Place, dict[str, Any]] = {}  #: how many leads campaigns with a cap have, of all pages so far
        self.starts = starts_of(self.document, self.schema, since, until)
        #: leads to whom nothing happened may be set off too, by the clock
        self.all = bool(self.book.timers) or bool(self.starts)
        if self.starts:
            self.book = needs_of(self.document, self.schema, self.book, since)

    def on(self, ids: list[int]) -> Report:
        """What it does to these leads."""
        connection = connection_of(self.tenant)
        history = load_history(connection, self.tenant, ids, self.since, limit=ROWS_AT_ONCE)
        leads: dict[str, LeadState] = {}
        events: list[Event] = []
        concerned = ids if self.all else [id for id in ids if id in history]
        before = _before(connection, self.book, concerned, self.since)
        states = load_states(connection, self.book, concerned)
        load_stored(connection, states, self.book, self.since, KEPT)
        for lead in states:
            rows = history.get(lead.id, [])
            undo(lead, rows, self.book)
            forget_entries(lead, self.since)
            lead.history = Remembered(reversed(before.get(lead.id, [])), lead.history)
            leads[lead.key] = lead
            events += [one for one in events_of(rows, self.tenant, lead.key) if self._is_played(one)]
        musters = [muster(self.document, self.schema, at) for at in self.starts]
        heard = last_heard(connection, self.book, concerned, self.since)
        rehearsal = Rehearsal(self.book, leads, self.key)
        rehearsal.shared.records |= self.let_in
        report = rehearsal.play(_in_order(events), self.until, self.since, musters, heard)
        self.let_in = {place: one for place, one in rehearsal.shared.records.items() if place[0] == AUDIENCE}
        return report

    def _is_played(self, event: Event) -> bool:
        """Dates and silences come by the clock; batches are rehearsed in the place of those that really were."""
        was_told = event.type == BATCH_MEMBER and event.data.get("campaign") == self.key
        return event.type not in (DATE_REACHED, INACTIVITY_REACHED) and not was_told


def _rulebook(source: TenantSource, schema: TenantSchema, campaign: Campaign, document: Any) -> Rulebook:
    """The tenant's running campaigns, with this one as the document says, running in any case."""
    rows = {found.id: found.row() for found in source.campaigns if found.status == "active" or found.id == campaign.pk}
    rows[campaign.pk] = rows[campaign.pk]._replace(document=document)
    return compile_rulebook(schema, 0, rows.values())


def _pages(tenant: str, limit: int) -> Iterator[list[int]]:
    """The ids of leads, some at a time."""
    after = 0
    while limit > 0:
        parameters = {"tenant": tenant, "after": after, "limit": min(limit, LEADS_AT_ONCE)}
        ids = [id for (id,) in connection_of(tenant).execute(QUERIES["select_lead_ids"], parameters)]
        if not ids:
            return
        yield ids
        after, limit = ids[-1], limit - len(ids)


def _before(connection: psycopg.Connection, book: Rulebook, ids: list[int], since: datetime) -> dict[int, list[Row]]:
    """What leads did before the moment, newest first, where campaigns ask about it; what they do since is noted."""
    if not book.needs_history:
        return {}
    rows = load_history(connection, book.schema.tenant, ids, since - REMEMBERED, limit=ROWS_AT_ONCE)
    return {lead: [row for row in found if row.recorded_at < since] for lead, found in rows.items()}


def _in_order(events: Iterable[Event]) -> list[Event]:
    """By the time they happened; those of a lead stay in the order in which they were executed."""
    return sorted(events, key=lambda event: event.occurred_at)


def _add(total: Report, part: Report) -> None:
    """Add one page's report to the whole."""
    for name in (
        "events",
        "leads",
        "runs",
        "leads_entered",
        "inside",
        "loops",
        "messages",
        "leads_messaged",
        "members",
    ):
        setattr(total, name, getattr(total, name) + getattr(part, name))
    total.batches = max(total.batches, part.batches)  # each page has its own part of each
    total.most_messages = max(total.most_messages, part.most_messages)
    for reason, count in part.refused.items():
        total.refused[reason] = total.refused.get(reason, 0) + count
    for step, outcomes in part.steps.items():
        counts = total.steps.setdefault(step, {})
        for outcome, count in outcomes.items():
            counts[outcome] = counts.get(outcome, 0) + count
