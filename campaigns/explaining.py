"""Why a lead is, or is not, where one expects it in a campaign.

    found = explain("acme", "welcome", "lead-7")

Looks at the campaign's state, at the lead's runs, and at the last events of the lead that the campaign's triggers hear:
each with the lead as it was then, as far as its history tells.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from campaigns.clockwork import say_times
from campaigns.explained_batches import Membership, look_at_batches
from campaigns.hindsight import Row, load_history, load_states, undo
from campaigns.history import load_stored
from campaigns.language.context import Context
from campaigns.language.effects import NO_END
from campaigns.language.entry import EVERYBODY, closed, compile_entry
from campaigns.language.exits import hears_event
from campaigns.language.history import Remembered
from campaigns.language.interpreter import view_of
from campaigns.language.lead import LeadState
from campaigns.language.qualification import compile_qualification, refusal
from campaigns.language.rulebook import Rulebook, compile_rulebook
from campaigns.language.run import DOOR, LOOKS
from campaigns.language.schema import BATCH_MEMBER, TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.shared import AUDIENCE, Shared
from campaigns.language.slots import REFUSED, SLOT
from campaigns.language.tracing import Trace, reasons, say, trace_filter
from campaigns.language.trigger import compile_trigger
from campaigns.models import Campaign, Erasure, Lead, ParkedRun, SharedRecord
from campaigns.schema_source import CampaignSource, source_of
from campaigns.tenancy import connection_of, tenant_context

EVENTS = 5  #: looked at, the last ones first
ROWS = 2_000  #: activities looked at to find them
DAYS = 90


class InsideNow(msgspec.Struct, frozen=True):
    """A run of the lead that rests."""

    version: int
    step: str
    entered_at: datetime
    due_at: datetime | None  #: None where no time ends the wait
    held: bool  #: its time came while the campaign was paused
    why: str


class Heard(msgspec.Struct, frozen=True):
    """An event of the lead that a trigger might hear, and what became of it."""

    id: str
    type: str
    occurred_at: datetime
    entered: bool  #: steps of the campaign ran for it
    verdict: str
    triggers: list[str]  #: what each trigger says
    filter: Trace | None


class Explanation(msgspec.Struct, frozen=True):
    """All that is known."""

    campaign: str
    lead: str
    state: str
    version: int | None
    verdict: str  #: in one sentence
    inside: list[InsideNow]
    events: list[Heard]
    times: list[str] = []  #: of each trigger that the clock sets off: when it is due
    batches: Membership | None = None  #: of a campaign with an audience


def explain(tenant: str, campaign: str, lead: str, *, now: datetime | None = None) -> Explanation:
    """Why the lead is or is not in the campaign. Raises Campaign.DoesNotExist, Lead.DoesNotExist."""
    now = datetime.now(UTC) if now is None else now
    with tenant_context(tenant):
        stored = Campaign.objects.get(key=campaign)
        found = Lead.objects.get(key=lead)
        inside = [_inside(run, stored) for run in ParkedRun.objects.filter(lead=found, campaign=stored)]
        source = source_of(tenant)
        live = next(item for item in source.campaigns if item.id == stored.pk)
        schema = source.schema(tenant)
        past = None if live.document is None else _Events(schema, live, found, now)
        times = [] if past is None else say_times(connection_of(tenant), past.book, past.lead, now)
        events = [] if past is None else past.look()
        batches = look_at_batches(stored, live.document, found, schema, now)
        verdict = _frozen(found, now) or _verdict(stored, inside, events, times, batches)
    return Explanation(campaign, lead, stored.status, stored.live_version, verdict, inside, events, times, batches)


def _inside(run: ParkedRun, campaign: Campaign) -> InsideNow:
    due = run.state.get("until") or _slot(run)
    if campaign.status == Campaign.Status.PAUSED and campaign.pause_mode != Campaign.PauseMode.DRAIN:
        why = "the campaign is paused"
    elif due:
        why = f"waits at {run.step} until {due}"
    else:
        why = f"waits at {run.step} for {_awaited(run)}"
    at = datetime.fromisoformat(due) if due else None
    overdue = run.held and not run.state.keys() & {DOOR, LOOKS}
    return InsideNow(run.version, run.step, run.entered_at, at, overdue, why)


def _slot(run: ParkedRun) -> str | None:
    """When it is the turn of a run that is throttled."""
    slot: str | None = run.state.get("memories", {}).get(run.step, {}).get(SLOT)
    return None if slot == REFUSED else slot


def _awaited(run: ParkedRun) -> str:
    child = ParkedRun.objects.filter(lead=run.lead_id, state__parent=run.id).select_related("campaign").first()
    return f"its run of “{child.campaign.name}” to end" if child else "an event, a change or a decision"


def _frozen(lead: Lead, now: datetime) -> str | None:
    """Why no campaign does anything to the lead."""
    if lead.frozen_until is None or lead.frozen_until <= now:
        return None
    asked = Erasure.objects.filter(tenant=lead.tenant_id, lead_id=lead.pk, turn_at__isnull=False).first()
    if asked is not None:
        return f"The lead is frozen: erasure due at {asked.due_at.isoformat()}."
    if lead.frozen_until == NO_END:
        return "The lead is frozen until a person ends it."
    return f"The lead is frozen until {lead.frozen_until.isoformat()}."


def _verdict(
    campaign: Campaign, inside: list[InsideNow], events: list[Heard], times: list[str], batches: Membership | None
) -> str:
    if inside:
        return f"The lead is inside: {inside[0].why}."
    if campaign.status != Campaign.Status.ACTIVE:
        why = f" It was stopped by itself: {campaign.tripped_why}." if campaign.tripped_at else ""
        return f"The campaign is {campaign.status}: nobody enters.{why}"
    if batches is not None and all(event.type == BATCH_MEMBER for event in events):
        told = [f"Told by a batch, {events[0].verdict}"] if events else []
        return " ".join((batches.verdict, *told, *map(_sentence, times)))
    if not events:
        said = f"Nothing that the campaign's triggers hear happened to the lead in the last {DAYS} days."
        return " ".join((said, *map(_sentence, times)))
    return f"The last such event, {events[0].type}: {events[0].verdict}"


def _sentence(line: str) -> str:
    return f"{line[0].upper()}{line[1:]}."


class _Events:
    """The last events of a lead that a campaign's triggers may hear, looked at one by one back in time."""

    def __init__(self, schema: TenantSchema, campaign: CampaignSource, lead: Lead, now: datetime) -> None:
        self.schema = schema
        self.campaign = campaign
        self.document: dict[str, Any] = campaign.document or {}
        self.book: Rulebook = compile_rulebook(schema, 0, [campaign.row()])
        self.scope = Scope(schema, campaign.key, publishing=False)
        triggers = self.document.get("triggers", [])
        compiled = [compile_trigger(item, self.scope, f"triggers[{n}]") for n, item in enumerate(triggers)]
        self.triggers = [item for item in compiled if item is not None]
        self.scope.events = [item.event for item in self.triggers]
        self.now = now
        connection = connection_of(schema.tenant)
        (self.lead,) = load_states(connection, self.book, [lead.pk])
        load_stored(connection, [self.lead], self.book, now)
        self.stored = self.lead.history
        counts = SharedRecord.objects.filter(tenant_id=schema.tenant, kind=AUDIENCE, key=campaign.key)
        self.lead.shared = Shared({(AUDIENCE, one.key): one.data for one in counts})
        history = load_history(connection, schema.tenant, [lead.pk], now - timedelta(days=DAYS), limit=ROWS)
        self.rows = history.get(lead.pk, [])

    def look(self) -> list[Heard]:
        """At most EVENTS of them, newest first. The lead goes back in time with each row."""
        types = {item.event.name for item in self.triggers}
        found: list[Heard] = []
        done: set[str] = set()  #: events by which steps of the campaign ran
        for place, row in enumerate(self.rows):
            if row.campaign_id == self.campaign.id:
                done.add(row.event_key)
            undo(self.lead, [row], self.book)
            if row.is_event and row.kind in types:
                self.lead.history = Remembered(reversed(self.rows[place:]), self.stored)
                found.append(self._heard(row, row.event_key in done))
                if len(found) == EVENTS:
                    break
        return found

    def _heard(self, row: Row, entered: bool) -> Heard:
        view = view_of(self.schema, row.kind, row.data.get("data") or {})
        context = Context(self.schema, row.kind, view, row.recorded_at, row.occurred_at)
        context.source = row.data.get("source", "")
        says = [hears_event(item, self.lead, context) for item in self.triggers]
        condition = self.document.get("filter")
        trace = trace_filter(condition, self.scope, "filter", self.lead, context) if condition is not None else None
        said = [f"triggers[{n}]: {self._said_by(n, yes, context)}" for n, yes in enumerate(says)]
        verdict = self._judge(any(says), trace, entered, self.lead, context)
        return Heard(row.data["event_id"], row.kind, row.occurred_at, entered, verdict, said, trace)

    def _said_by(self, number: int, hears: bool, context: Context) -> str:
        """What a trigger says of an event, and the circumstances that are not those it asks for."""
        subscription = self.triggers[number]
        if hears:
            return "hears it"
        if not hears_event(msgspec.structs.replace(subscription, test=None), self.lead, context):
            return "does not hear it"
        wrong = [f"when.{name}" for name, test in subscription.checks if not test(self.lead, context)]
        return f"does not hear it: {', '.join(wrong)}" if wrong else "does not hear it"

    def _judge(self, heard: bool, trace: Trace | None, entered: bool, lead: LeadState, context: Context) -> str:
        if entered:
            return "it set the campaign off."
        if not heard:
            return "no trigger hears it: its constraints do not hold."
        if trace is not None and not trace.holds:
            return "the filter says no: " + "; ".join(map(say, reasons(trace))) + "."
        entry = compile_entry(self.document.get("entry"), self.scope)
        shut = None if entry is EVERYBODY else closed(entry, self.campaign.key, lead)
        if shut:
            return f"the campaign does not let the lead in: {shut}."
        rule = compile_qualification(self.document.get("qualification"), self.scope)
        key = rule.read_key(lead, context)
        refused = refusal(rule, self.campaign.key, key, lead, context)
        if refused:
            return f"the qualification says no: {refused}."
        return "trigger and filter say yes; then the campaign was not live or paused, or an earlier run was inside."
