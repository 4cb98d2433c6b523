"""Runs the campaigns that hear an event on a lead in memory, and records what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from campaigns.language import elsewhere, experiments, parking, watching
from campaigns.language.activity import Recorder, make_row
from campaigns.language.changes import Changes
from campaigns.language.context import Context, EventView, view_of
from campaigns.language.entering import enter
from campaigns.language.history import counting
from campaigns.language.lead import LeadState
from campaigns.language.parking import DEPTH_LIMIT
from campaigns.language.request import REQUESTS
from campaigns.language.rulebook import Campaign, Rulebook, Subscriber
from campaigns.language.run import RUN_DUE, Run
from campaigns.language.stepping import Stopped, execute
from campaigns.language.trigger import QUALIFIERS
from engine.types import Event

LEAD_CREATED = "lead.created"
LOOP_STOPPED = "loop_stopped"
PROCESSING_FROZEN = "processing_frozen"


def run_event(
    rulebook: Rulebook,
    lead: LeadState,
    event: Event,
    now: datetime,
    recorder: Recorder,
    *,
    event_key: str | None = None,
) -> list[Run]:
    """Run one event and all that follows from it; returns the runs that began.

    1. a new lead's creation is logged and handled first;
    2. the event is logged;
    3. the campaigns that hear it run in their order, each seeing what those before it did;
    4. events that arose are handled first in, first out.

    What an action raises unexpectedly is raised here; the lead in memory is then of no further use. A caller
    that has the event's ledger key at hand passes it, since making one costs as much as a step."""
    key = event.ledger_key if event_key is None else event_key
    chain = Chain(rulebook, lead, event, now, recorder, key)
    try:
        watched = watching.look(chain, event) if rulebook.watches else None
        if not lead.announced:
            lead.announced = True
            if event.type != LEAD_CREATED:
                chain.announce(event.source)
        if event.type == RUN_DUE:
            chain.begin_due(event)
        else:
            chain.log(event.type, {"event_id": event.id, "source": event.source, "data": event.data})
            chain.begin(event)
        if watched is not None:
            watching.settle(chain, watched)
    except Stopped:
        pass
    return chain.begun


class Chain:
    """The state of one call of run_event."""

    __slots__ = (
        "append",
        "begun",
        "changes",
        "context",
        "event",
        "event_key",
        "executed",
        "lead",
        "lead_id",
        "now",
        "occurred_at",
        "recorder",
        "rulebook",
        "sent",
    )

    def __init__(
        self, rulebook: Rulebook, lead: LeadState, event: Event, now: datetime, recorder: Recorder, event_key: str
    ) -> None:
        self.rulebook = rulebook
        self.lead = lead
        self.lead_id = lead.id
        self.now = now
        self.event = event
        self.occurred_at = event.occurred_at
        self.event_key = event_key
        append = recorder.activities.append
        self.append = counting(append, lead.history, rulebook.schema, now) if lead.history else append
        self.recorder = recorder
        self.sent = recorder.sent
        self.executed = 0
        self.begun: list[Run] = []
        self.changes = Changes(rulebook, lead, recorder)
        self.context: Context

    def log(self, kind: str, data: dict[str, Any], campaign: Campaign | None = None, step: str | None = None) -> None:
        """Append one activity."""
        id = version = None
        if campaign is not None:
            id, version = campaign.id, campaign.version
        row = (self.lead_id, self.occurred_at, kind, id, version, step, self.event_key, data)
        self.append(make_row(row))

    def announce(self, source: str) -> None:
        """A lead that an event brought into being is created before the event happens to it."""
        data = {"source": source}
        self.log(LEAD_CREATED, data)
        topic = self.rulebook.by_event.get(LEAD_CREATED)
        if topic:
            self.handle(LEAD_CREATED, EventView(data, {}), topic.others, self.event.depth)
            self.drain()

    @property
    def is_frozen(self) -> bool:
        """Whether no campaign may do anything to the lead."""
        until = self.lead.frozen_until
        return until is not None and until > self.now

    def begin(self, event: Event) -> None:
        """Handle the event and all that arises; first what it asks of this lead."""
        if self.lead.frozen_until is not None and self.is_frozen:
            reason = f"policy: processing is frozen until {self.lead.frozen_until.isoformat()}"
            self.log(PROCESSING_FROZEN, {"outcome": "skipped", "reason": reason})
            return parking.recheck(self) if self.lead.runs else None
        if self.lead.deleted_at is not None:
            elsewhere.meet_deleted(self, event)
            return
        asked = REQUESTS.get(event.type)
        if asked is not None:
            elsewhere.answer(self, asked, event)
        subscribers = self.subscribers(event)
        if subscribers or self.lead.runs or self.rulebook.experiments:
            self.hear(event, subscribers)
        self.drain()

    def subscribers(self, event: Event) -> tuple[Subscriber, ...]:
        """The campaigns that hear an event."""
        topic = self.rulebook.by_event.get(event.type)
        if topic is None:
            return ()
        qualifier = QUALIFIERS.get(event.type)
        return topic.subscribers(event.data.get(qualifier) if qualifier else None)

    def hear(self, event: Event, subscribers: tuple[Subscriber, ...]) -> None:
        """Handle the event for these campaigns."""
        self.handle(event.type, view_of(self.rulebook.schema, event.type, event.data), subscribers, event.depth)

    def begin_due(self, event: Event) -> None:
        """Wake the run whose time has come, and handle all that arises."""
        if self.lead.frozen_until is not None and self.is_frozen:
            return parking.postpone(self, event)
        view, rulebook = EventView({}, {}), self.rulebook
        self.context = Context(rulebook.schema, RUN_DUE, view, self.now, self.occurred_at, 0, rulebook.requestable)
        parking.due(self, event)
        self.drain()

    def drain(self) -> None:
        """Handle the events that arose, and those that arise from them; parked runs look at the lead in between."""
        queue = self.changes.queue
        while True:
            if self.lead.runs:
                parking.recheck(self)
            if not queue:
                return
            arisen = queue[0]  # until the runs that it begins rest or are over: somebody may wait for their end
            self.handle(arisen.type, EventView(arisen.data, {}), arisen.subscribers, arisen.depth, arisen.by)
            queue.popleft()

    def handle(
        self,
        type: str,
        view: EventView,
        subscribers: tuple[Subscriber, ...],
        depth: int,
        by: tuple[str, str] | None = None,
    ) -> None:
        """Let the lead's parked runs hear an event, then begin the runs that it sets off."""
        lead, rulebook = self.lead, self.rulebook
        context = Context(rulebook.schema, type, view, self.now, self.occurred_at, depth, rulebook.requestable)
        context.source, context.by = self.event.source, by
        self.context = context
        self.changes.depth, self.changes.by = depth, None
        if lead.runs:
            parking.wake(self, context)
        if rulebook.experiments:
            experiments.count_results(self, context)
        for campaign, test in subscribers:
            if lead.frozen_until is not None and self.is_frozen:  # since a step of this very event
                return
            if test is not None and not test(lead, context):
                continue
            if campaign.filter is not None and not campaign.filter(lead, context):
                continue
            if depth > DEPTH_LIMIT:
                self.stop(campaign, None, f"more than {DEPTH_LIMIT} events followed one from another")
            enter(self, campaign)

    def stop(self, campaign: Campaign, step: str | None, reason: str) -> None:
        """End the chain of this event for good."""
        self.recorder.looped.append(campaign.id)
        self.log(LOOP_STOPPED, {"reason": reason, "event": self.context.type}, campaign, step)
        raise Stopped

    @contextmanager
    def surroundings(self, run: Run) -> Iterator[None]:
        """While the block runs, steps and what they raise belong to this run."""
        before, depth = self.context, self.changes.depth
        view = view_of(self.rulebook.schema, run.type, run.data)
        self.context = Context(
            self.rulebook.schema, run.type, view, self.now, run.occurred_at, run.depth, self.rulebook.requestable
        )
        self.context.run, self.changes.depth = run, run.depth
        yield
        self.context, self.changes.depth = before, depth

    def walk(self, run: Run, place: int | None) -> None:
        """Execute steps one after the other, until the run is over or parked."""
        steps = run.campaign.program.steps
        while place is not None:
            if place < 0:
                place, run.returned = ~place, True
            place = execute(self, run, steps[place])
            if run.woken is not None or run.returned:
                run.woken, run.returned, run.heard = None, False, None
                if place is not None:
                    run.until = None  # of the wait that is over
        if not run.parked and (run.parent or run.campaign.program.parks or self.rulebook.announces_runs):
            parking.finish(self, run)
