"""Runs the campaigns that hear an event on a lead in memory, and records what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from campaigns.language import compensation, elsewhere, experiments, grouping, orders, parking, watching
from campaigns.language.activity import Recorder, make_row
from campaigns.language.changes import Changes, Logged
from campaigns.language.context import Context, EventView, view_of
from campaigns.language.effects import Effect
from campaigns.language.entry import EVERYBODY, closed, counted
from campaigns.language.history import counting
from campaigns.language.lead import LeadState
from campaigns.language.outcome import (
    BadValueError,
    Ended,
    Enter,
    Failed,
    Jump,
    Merged,
    Order,
    Outcome,
    Parked,
    Skipped,
)
from campaigns.language.outgoing import post
from campaigns.language.parking import DEPTH_LIMIT
from campaigns.language.program import CHOICE, Step
from campaigns.language.qualification import EVERY_TIME, entered, refusal, runs_inside
from campaigns.language.request import REQUESTS
from campaigns.language.rulebook import Campaign, Rulebook, Subscriber
from campaigns.language.run import RUN_DUE, Run
from campaigns.language.schema import CAMPAIGN_ENTERED, CAMPAIGN_REQUESTED
from campaigns.language.telling import tell_no_op, tell_outcome
from campaigns.language.trigger import QUALIFIERS
from engine.types import Event

STEPS_LIMIT = 1_000  #: steps executed for one event from outside, with all that follows from it

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
    except _Stop:
        pass
    return chain.begun


class _Stop(Exception):
    """The chain of this event ends here."""


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
        self,
        rulebook: Rulebook,
        lead: LeadState,
        event: Event,
        now: datetime,
        recorder: Recorder,
        event_key: str,
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
            return self.log(PROCESSING_FROZEN, {"outcome": "skipped", "reason": reason})
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
        parking.recheck(self)
        self.drain()

    def drain(self) -> None:
        """Handle the events that arose, and those that arise from them."""
        queue = self.changes.queue
        while queue:
            arisen = queue.popleft()
            self.handle(arisen.type, EventView(arisen.data, {}), arisen.subscribers, arisen.depth, arisen.by)

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
            self.enter(campaign)
        if lead.runs:
            parking.recheck(self)

    def stop(self, campaign: Campaign, step: str | None, reason: str) -> None:
        """End the chain of this event for good."""
        self.recorder.looped.append(campaign.id)
        self.log(LOOP_STOPPED, {"reason": reason, "event": self.context.type}, campaign, step)
        raise _Stop

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

    def enter(self, campaign: Campaign) -> None:
        """Begin a run, if the campaign lets the lead in and its qualification admits one."""
        key: str | None = ""
        if campaign.entry is not EVERYBODY and closed(campaign.entry, campaign.key, self.lead):
            return
        if (
            campaign.qualification is not EVERY_TIME or self.lead.runs or self.context.type == CAMPAIGN_REQUESTED
        ):  # hardly ever
            key = self.qualify(campaign)
        if key is not None:
            self.start(campaign, key, "")

    def start(self, campaign: Campaign, key: str, parent: str) -> None:
        """Begin a run."""
        context = self.context
        run = Run(
            f"{self.event_key}.{campaign.id}.{len(self.begun) + 1}", campaign, context.type, context.event.raw,
            context.occurred_at, self.now, context.depth,
        )  # fmt: skip
        self.begun.append(run)
        self.changes.by = run
        if key or parent:
            run.key, run.parent = key, parent
        context.run = run
        if campaign.entry is not EVERYBODY:
            for effect in counted(campaign.entry, campaign.key, self.lead, context):
                self.changes.apply(effect)
        if self.rulebook.announces_runs:
            self.changes.raise_event(CAMPAIGN_ENTERED, {"campaign": campaign.key, "run": run.id}, campaign.key)
        if campaign.pause:
            parking.keep_at_the_door(self, run)
        else:
            self.walk(run, 0)

    def qualify(self, campaign: Campaign) -> str | None:
        """The key of a new run; None when the lead may not enter."""
        rule, context = campaign.qualification, self.context
        key = rule.read_key(self.lead, context)
        others = runs_inside(self.lead.runs.values(), campaign.id, key)
        if (others and rule.inside == "ignore") or refusal(rule, campaign.key, key, self.lead, context):
            return None
        if others and campaign.pause:  # one at the door is enough
            return None
        if rule.inside == "restart":
            for id in others:
                parking.end(self, self.lead.runs[id], campaign, "restarted")
        if rule.times is not None:
            self.changes.apply(entered(rule, campaign.key, key, self.lead, context))
        return key

    def walk(self, run: Run, place: int | None) -> None:
        """Execute steps one after the other, until the run is over or parked."""
        steps = run.campaign.program.steps
        while place is not None:
            if place < 0:
                place, run.returned = ~place, True
            place = self.execute(run, steps[place])
            if run.woken is not None or run.returned:
                run.woken, run.returned, run.heard = None, False, None
                if place is not None:
                    run.until = None  # of the wait that is over
        if not run.parked and (run.parent or run.campaign.program.parks or self.rulebook.announces_runs):
            parking.finish(self, run)

    def execute(self, run: Run, step: Step) -> int | None:
        """Execute one step: it ends in one outcome, and each is logged. Returns the place of the next."""
        self.executed += 1
        if self.executed > STEPS_LIMIT:
            grouping.put_back(self, run)
            self.stop(run.campaign, step.id, f"more than {STEPS_LIMIT} steps followed from one event")
        run.step, self.changes.by = step.id, run
        if run.remembers and run.woken is None and not run.returned:
            run.memories.pop(step.id, None)
        lead, context, bound, choice = self.lead, self.context, step.bound, None
        if bound is None:
            is_new = run.woken is None and not run.returned
            choice = step.choose(lead, context) if is_new else step.chosen(run.memory, lead, context)
            if choice is None:  # no choice matched and there is no default: nothing is executed
                return step.after
            bound = choice.bound
        try:
            params = bound.params if bound.read is None else bound.read(lead, context)
            decision = step.run(lead, params, context)
        except BadValueError as error:
            decision = Failed(str(error))
        is_outcome = isinstance(decision, Outcome)
        if is_outcome and isinstance(decision, Failed):
            self.recorder.failed.append(run.campaign.id)
            if run.group is not None:
                (step, decision), choice = grouping.give_up(self, run, step, decision), None
        if choice is not None and isinstance(decision, Parked | Order):
            run.memory[CHOICE] = choice.name
        if is_outcome and isinstance(decision, Parked):
            self.executed -= run.woken is not None
            return parking.park(self, run, step, decision)
        if is_outcome and isinstance(decision, Merged):
            parking.merge(self, run, decision.into)
        if is_outcome and isinstance(decision, Order):
            done = orders.carry_out(self, run, step, decision)
            if done is None:
                return None
            decision = done
        for kind, data in self.carry_out(decision):
            if choice is not None:
                data["choice"] = choice.name
            self.log(kind or step.logs, data, run.campaign, step.id)
        if self.changes.outgoing:
            elsewhere.send(self, run.campaign, step.id)
        if self.changes.posted:
            post(self, run, step.id, "" if choice is None else str(choice.name))
        if lead.deleted_at is not None:
            raise _Stop
        return _next(self, run, step, decision) if is_outcome else step.after

    def carry_out(self, decision: Sequence[Effect] | Outcome) -> Sequence[Logged]:
        """Apply the effects. Returns what to log: each change, or the outcome where there is none."""
        if isinstance(decision, Outcome):
            if decision.raises is not None:
                self.changes.emit(decision.raises)
            return (tell_outcome(decision),)
        changes = self.changes
        changes.touched = True
        if len(decision) == 1:  # nearly always
            return (changes.apply(decision[0]) or tell_no_op(decision),)
        logged = []
        for effect in decision:
            done = changes.apply(effect)
            if done is not None:
                done[1]["group"] = self.executed
                logged.append(done)
                if done[1]["outcome"] == Skipped.name:  # it was refused, and so are those after it
                    break
        return logged or (tell_no_op(decision),)


def _next(chain: Chain, run: Run, step: Step, decision: Outcome) -> int | None:
    """Where the run goes on after an outcome."""
    match decision:
        case Ended():
            return None
        case Enter():
            return step.after if decision.body is None else decision.body
        case Jump():
            return run.campaign.program.places.get(decision.step)
        case Failed() if run.passed and compensation.ends_by_failure(chain, run):
            return parking.undo_failed(chain, run)
    return step.after
