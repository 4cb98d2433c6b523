"""Runs the campaigns that hear an event on a lead in memory, and records what happened."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, assert_never

from campaigns.language.action import Bound
from campaigns.language.context import Context, EventView
from campaigns.language.document import Choice, Step
from campaigns.language.effects import ChangeTags, Effect, Emit, JoinList, LeaveList, LogActivity, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError, Failed, NoOp, Skipped
from campaigns.language.rulebook import Campaign, Rulebook, Subscriber
from campaigns.language.schema import SYSTEM_EVENTS, TenantSchema
from campaigns.language.trigger import QUALIFIERS
from campaigns.language.values import TYPES
from engine.types import Event

DEPTH_LIMIT = 10  #: events that may lie between an event and the one from outside that caused it
STEPS_LIMIT = 1_000  #: steps executed for one event from outside, with all that follows from it

LEAD_CREATED = "lead.created"
LOOP_STOPPED = "loop_stopped"


class ActivityRow(NamedTuple):
    """One row of a lead's history. `data` is JSON, but for Decimals that came in with an event."""

    lead_id: int
    occurred_at: datetime
    kind: str
    campaign_id: int | None
    version: int | None
    step: str | None
    event_key: uuid.UUID
    data: dict[str, Any]


class Recorder(Protocol):
    """Where the rows go."""

    activities: list[ActivityRow]


class _Derived(NamedTuple):
    """An event that arose while another ran."""

    type: str
    data: dict[str, Any]
    subscribers: tuple[Subscriber, ...]
    depth: int


class _Stop(Exception):
    """The chain of this event ends here."""


def run_event(rulebook: Rulebook, lead: LeadState, event: Event, now: datetime, recorder: Recorder) -> None:
    """Run one event and all that follows from it:

    1. a new lead's creation is logged and handled first;
    2. the event is logged;
    3. the campaigns that hear it run in their order, each seeing what those before it did;
    4. events that arose are handled first in, first out.

    What an action raises unexpectedly is raised here; the lead in memory is then of no further use."""
    run = _Run(rulebook, lead, event, now, recorder.activities.append)
    try:
        if not lead.announced:
            lead.announced = True
            if event.type != LEAD_CREATED:
                run.announce(event)
        run.log(event.type, {"event_id": event.id, "source": event.source, "data": event.data})
        run.handle(event.type, view_of(rulebook.schema, event.type, event.data), run.listeners(event), 0)
        run.drain()
    except _Stop:
        return


def view_of(schema: TenantSchema, type: str, data: dict[str, Any]) -> EventView:
    """The data of an event from outside, to be typed as its type declares; unknown types have no types."""
    spec = schema.event_types.get(type) or SYSTEM_EVENTS.get(type)
    casts = spec.casts if spec else {}
    if type == "field.changed":
        field = schema.fields.get(data.get("field", ""))
        casts = {"old": field.cast, "new": field.cast} if field else {}
    return EventView(data, casts)


class _Run:
    """The state of one call of run_event."""

    __slots__ = (
        "append",
        "context",
        "event_key",
        "executed",
        "lead",
        "lead_id",
        "now",
        "occurred_at",
        "queue",
        "rulebook",
        "schema",
    )

    def __init__(
        self,
        rulebook: Rulebook,
        lead: LeadState,
        event: Event,
        now: datetime,
        append: Callable[[ActivityRow], None],
    ) -> None:
        self.rulebook = rulebook
        self.schema = rulebook.schema
        self.lead = lead
        self.lead_id = lead.id
        self.now = now
        self.occurred_at = event.occurred_at
        self.event_key = event.ledger_key
        self.append = append
        self.executed = 0
        self.queue: deque[_Derived] = deque()
        self.context: Context

    def log(
        self, kind: str, data: dict[str, Any], campaign: Campaign | None = None, step: str | None = None
    ) -> None:
        """Append one activity."""
        if campaign is None:
            row = ActivityRow(self.lead_id, self.occurred_at, kind, None, None, None, self.event_key, data)
        else:
            row = ActivityRow(
                self.lead_id,
                self.occurred_at,
                kind,
                campaign.id,
                campaign.version,
                step,
                self.event_key,
                data,
            )
        self.append(row)

    def announce(self, event: Event) -> None:
        """A lead that this event brought into being is created before the event happens to it."""
        data = {"source": event.source}
        self.log(LEAD_CREATED, data)
        self.handle(LEAD_CREATED, EventView(data, {}), self.subscribers(LEAD_CREATED, None), 0)
        self.drain()

    def listeners(self, event: Event) -> tuple[Subscriber, ...]:
        """Who hears the event from outside."""
        qualifier = QUALIFIERS.get(event.type)
        return self.subscribers(event.type, event.data.get(qualifier) if qualifier else None)

    def subscribers(self, type: str, qualifier: Any) -> tuple[Subscriber, ...]:
        """Who hears events of a type."""
        topic = self.rulebook.by_event.get(type)
        return topic.subscribers(qualifier) if topic else ()

    def drain(self) -> None:
        """Handle the events that arose, and those that arise from them."""
        queue = self.queue
        while queue:
            derived = queue.popleft()
            self.handle(derived.type, EventView(derived.data, {}), derived.subscribers, derived.depth)

    def handle(self, type: str, view: EventView, subscribers: tuple[Subscriber, ...], depth: int) -> None:
        """Run the campaigns that an event sets off."""
        if not subscribers:
            return
        lead = self.lead
        context = self.context = Context(
            schema=self.schema,
            type=type,
            event=view,
            now=self.now,
            occurred_at=self.occurred_at,
            depth=depth,
            requestable=self.rulebook.requestable,
        )
        for campaign, test in subscribers:
            if test is not None and not test(lead, context):
                continue
            if campaign.filter is not None and not campaign.filter(lead, context):
                continue
            if depth > DEPTH_LIMIT:
                self.stop(campaign, None, f"more than {DEPTH_LIMIT} events followed one from another")
            for step in campaign.steps:
                self.execute(campaign, step)

    def stop(self, campaign: Campaign, step: str | None, reason: str) -> None:
        """End the chain of this event for good."""
        self.log(LOOP_STOPPED, {"reason": reason, "event": self.context.type}, campaign, step)
        raise _Stop

    def execute(self, campaign: Campaign, step: Step) -> None:
        """Execute one step: it ends in one outcome, and each is logged."""
        self.executed += 1
        if self.executed > STEPS_LIMIT:
            self.stop(campaign, step.id, f"more than {STEPS_LIMIT} steps followed from one event")
        if step.fault is not None:
            self.log(step.action.logs, {"outcome": "failed", "reason": step.fault}, campaign, step.id)
            return
        bound, choice = step.bound, None
        if bound is None:
            choice = step.choose(self.lead, self.context)
            if choice is None:  # no choice matched and there is no default: nothing is executed
                return
            bound = choice.bound
        self.finish(campaign, step, choice, self.decide(step, bound))

    def decide(self, step: Step, bound: Bound) -> Sequence[Effect] | NoOp | Skipped | Failed:
        """Ask the action what is to happen."""
        try:
            params = bound.params if bound.read is None else bound.read(self.lead, self.context)
            return step.action.run(self.lead, params, self.context)
        except BadValueError as error:
            return Failed(str(error))

    def finish(
        self,
        campaign: Campaign,
        step: Step,
        choice: Choice | None,
        decision: Sequence[Effect] | NoOp | Skipped | Failed,
    ) -> None:
        """Apply the effects, and log one row for each change or one for an outcome without any."""
        extra = {} if choice is None else {"choice": choice.name}
        if isinstance(decision, NoOp | Skipped | Failed):
            if decision.reason:
                extra["reason"] = decision.reason
            self.log(step.action.logs, {"outcome": decision.name, **extra}, campaign, step.id)
            return
        if len(decision) > 1:
            extra["group"] = self.executed
        done = False
        for effect in decision:
            row = self.apply(effect)
            if row is not None:
                done = True
                kind, data = row
                data["outcome"] = "done"
                data.update(extra)
                self.log(kind or step.action.logs, data, campaign, step.id)
        if not done:
            self.log(step.action.logs, _no_op(decision) | extra, campaign, step.id)

    def apply(self, effect: Effect) -> tuple[str, dict[str, Any]] | None:
        """Change the lead in memory. Returns the kind (empty for the action's own) and data of the activity;
        None when nothing changed."""
        match effect:
            case SetField():
                return self.set_field(effect)
            case ChangeTags():
                return self.change_tags(effect)
            case JoinList():
                return self.change_list(effect.list, joins=True)
            case LeaveList():
                return self.change_list(effect.list, joins=False)
            case Emit():
                return self.emit(effect)
            case LogActivity():
                return effect.kind, dict(effect.data)
            case _:
                assert_never(effect)

    def set_field(self, effect: SetField) -> tuple[str, dict[str, Any]] | None:
        """Write a field; an equal value is no change."""
        field, new = effect.field, effect.value
        values = self.lead.values
        old = values.get(field)
        if old == new:
            return None
        if new is None:
            del values[field]
        else:
            values[field] = new
        self.lead.changed.add(field)
        if "field.changed" in self.rulebook.by_event:
            self.raise_event("field.changed", {"field": field, "old": old, "new": new}, field)
        if field == "score" and "score.changed" in self.rulebook.by_event:
            data = {"field": field, "old": old, "new": new, "change": (new or 0) - (old or 0)}
            self.raise_event("score.changed", data, None)
        dump = self.schema.fields[field].dump
        data = {
            "field": field,
            "old": None if old is None else dump(old),
            "new": None if new is None else dump(new),
        }
        if effect.detail:
            data.update(effect.detail)
        return "", data

    def change_tags(self, effect: ChangeTags) -> tuple[str, dict[str, Any]] | None:
        """Add and remove tags; those there already, or gone already, are no change."""
        tags = self.lead.tags
        added = sorted(effect.add - tags)
        removed = sorted(effect.remove & tags)
        if not added and not removed:
            return None
        tags.update(added)
        tags.difference_update(removed)
        self.lead.changed.add("tags")
        for tag in added:
            self.raise_event("tag.added", {"tag": tag}, tag)
        return "", {"added": added, "removed": removed}

    def change_list(self, key: str, *, joins: bool) -> tuple[str, dict[str, Any]] | None:
        """Join or leave a list."""
        lists = self.lead.lists
        if (key in lists) is joins:
            return None
        self.lead.changed.add("lists")
        if joins:
            lists.add(key)
            self.raise_event("list.joined", {"list": key}, key)
        else:
            lists.discard(key)
        return "", {"list": key}

    def emit(self, effect: Emit) -> tuple[str, dict[str, Any]]:
        """Let a further event happen to the lead."""
        qualifier = QUALIFIERS.get(effect.type)
        self.raise_event(effect.type, effect.data, effect.data.get(qualifier) if qualifier else None)
        if effect.type in SYSTEM_EVENTS:
            return "", dict(effect.data)
        return effect.type, {"data": _dump_data(self.schema, effect)}

    def raise_event(self, type: str, data: dict[str, Any], qualifier: str | None) -> None:
        """Queue an event if anyone hears it."""
        subscribers = self.subscribers(type, qualifier)
        if subscribers:
            self.queue.append(_Derived(type, data, subscribers, self.context.depth + 1))


def _no_op(effects: Sequence[Effect]) -> dict[str, Any]:
    """What was not changed, as far as one row tells it."""
    data: dict[str, Any] = {"outcome": "no_op"}
    fields = [effect.field for effect in effects if isinstance(effect, SetField)]
    if len(fields) == 1:
        data["field"] = fields[0]
    elif fields:
        data["fields"] = fields
    return data


def _dump_data(schema: TenantSchema, effect: Emit) -> dict[str, Any]:
    attributes = schema.event_types[effect.type].attributes
    return {
        name: TYPES[attributes[name].type].dump(value) if name in attributes else value
        for name, value in effect.data.items()
    }
