"""Effects applied to a lead in memory: what changes, what is logged of it, and which events arise from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never

from campaigns.language.activity import Recorder
from campaigns.language.effects import (
    ChangeTags,
    DeleteLead,
    Deliver,
    Effect,
    Emit,
    Freeze,
    JoinList,
    LeaveList,
    LogActivity,
    MergeLead,
    PutRecord,
    PutShared,
    RestoreLead,
    SendEvent,
    SetField,
)
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Outcome, Skipped
from campaigns.language.rulebook import Rulebook, Subscriber
from campaigns.language.schema import SYSTEM_EVENTS, TenantSchema
from campaigns.language.sending import sends_limit
from campaigns.language.telling import tell_no_op, tell_outcome
from campaigns.language.trigger import QUALIFIERS
from campaigns.language.values import TYPES

if TYPE_CHECKING:
    from campaigns.language.run import Run

Logged = tuple[str, dict[str, Any]]  #: kind, empty for the action's own, and data


class Arisen(NamedTuple):
    """An event that arose while another ran."""

    type: str
    data: dict[str, Any]  #: typed
    subscribers: tuple[Subscriber, ...]
    depth: int
    by: tuple[str, str] | None  #: the campaign and the step that did it


class Changes:
    """The only code that changes a lead. Events that nobody hears do not arise."""

    __slots__ = (
        "by",
        "depth",
        "lead",
        "outgoing",
        "posted",
        "queue",
        "recorder",
        "rulebook",
        "sends",
        "touched",
    )

    def __init__(self, rulebook: Rulebook, lead: LeadState, recorder: Recorder) -> None:
        self.recorder = recorder
        self.rulebook = rulebook
        self.lead = lead
        self.queue: deque[Arisen] = deque()
        self.posted: list[Deliver] = []  #: by the present step
        self.depth = 0  #: of the event being handled
        self.by: Run | None = None  #: whose step is being executed
        self.touched = False  #: the lead has changed since somebody set this to False
        self.outgoing: list[SendEvent] = []  #: of the step being executed
        self.sends = 0  #: events for other leads so far

    def carry_out(self, effects: Sequence[Effect], number: int) -> Sequence[Logged]:
        """Apply the effects of a step, the so many-th of its event. Returns what to log: each change, or that there
        was none."""
        self.touched = True
        if len(effects) == 1:  # nearly always
            return (self.apply(effects[0]) or tell_no_op(effects),)
        logged = []
        for effect in effects:
            done = self.apply(effect)
            if done is not None:
                done[1]["group"] = number
                logged.append(done)
                if done[1]["outcome"] == Skipped.name:  # it was refused, and so are those after it
                    break
        return logged or (tell_no_op(effects),)

    def conclude(self, outcome: Outcome) -> Logged:
        """Let happen what an end without effects raises. Returns what to log."""
        if outcome.raises is not None:
            self.emit(outcome.raises)
        return tell_outcome(outcome)

    def apply(self, effect: Effect) -> Logged | None:
        """Change the lead. Returns the activity to log, or None when nothing changed."""
        match effect:
            case SetField():
                return self.set_field(effect)
            case ChangeTags():
                return self.change_tags(effect)
            case JoinList():
                return self.join_list(effect.list)
            case LeaveList():
                return self.leave_list(effect.list)
            case PutRecord():
                return self.put_record(effect)
            case Freeze():
                return self.freeze(effect)
            case PutShared():
                return self.put_shared(effect)
            case Emit():
                return self.emit(effect)
            case SendEvent():
                return self.send_event(effect)
            case Deliver():
                self.posted.append(effect)
                return "", {**effect.said, "outcome": "done"}
            case DeleteLead():
                return self.delete_lead(effect)
            case RestoreLead():
                return self.restore_lead()
            case MergeLead():
                return self.merge_lead(effect.other)
            case LogActivity():
                return effect.kind, {**effect.data, "outcome": "done"}
            case _:
                assert_never(effect)

    def set_field(self, effect: SetField) -> Logged | None:
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
        heard = self.rulebook.heard  # nearly nothing is: what nobody hears is not even made
        if "field.changed" in heard:
            self.raise_event("field.changed", {"field": field, "old": old, "new": new}, field)
        if field == "score" and "score.changed" in heard:
            change = (new or 0) - (old or 0)
            self.raise_event("score.changed", {"field": field, "old": old, "new": new, "change": change}, None)
        dump = self.rulebook.schema.fields[field].dump
        data = {
            "field": field,
            "old": None if old is None else dump(old),
            "new": None if new is None else dump(new),
            "outcome": "done",
        }
        if effect.detail:
            data.update(effect.detail)
        return "", data

    def change_tags(self, effect: ChangeTags) -> Logged | None:
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
        for tag in removed:
            self.raise_event("tag.removed", {"tag": tag}, tag)
        return "", {"added": added, "removed": removed, "outcome": "done"}

    def join_list(self, key: str) -> Logged | None:
        """Become a member; who is one already is no change."""
        if key in self.lead.lists:
            return None
        self.lead.lists.add(key)
        self.lead.changed.add("lists")
        self.raise_event("list.joined", {"list": key}, key)
        return "", {"list": key, "outcome": "done"}

    def leave_list(self, key: str) -> Logged | None:
        """Be a member no longer."""
        if key not in self.lead.lists:
            return None
        self.lead.lists.remove(key)
        self.lead.changed.add("lists")
        self.raise_event("list.left", {"list": key}, key)
        return "", {"list": key, "outcome": "done"}

    def put_record(self, effect: PutRecord) -> Logged | None:
        """Keep, change or drop a record; an equal one is no change."""
        place = effect.kind, effect.key
        old = self.lead.records.get(place)
        if old == effect.data:
            return None
        if effect.data is None:
            del self.lead.records[place]
        else:
            self.lead.records[place] = effect.data
        self.lead.changed_records |= {place}
        if effect.raises is not None:
            qualifier = QUALIFIERS.get(effect.raises.type)
            data = effect.raises.data
            self.raise_event(effect.raises.type, data, data.get(qualifier) if qualifier else None)
        if effect.quiet:
            return None
        said = {effect.kind: effect.key, "old": old, "new": effect.data, "outcome": "done"}
        return "", said | (effect.detail or {})

    def freeze(self, effect: Freeze) -> Logged | None:
        """Do nothing to the lead any more until a time."""
        old = self.lead.frozen_until
        if old == effect.until:
            return None
        self.lead.frozen_until = effect.until
        self.lead.changed.add("frozen_until")
        dump = TYPES["datetime"].dump
        return "", {"old": old and dump(old), "new": dump(effect.until), "outcome": "done"}

    def put_shared(self, effect: PutShared) -> Logged | None:
        """Change a record that the tenant's leads have in common; an equal one is no change."""
        shared = self.lead.shared
        if shared.get(effect.kind, effect.key) == effect.data:
            return None
        shared.put(effect.kind, effect.key, effect.data)
        if effect.raises is not None:
            self.emit(effect.raises)
        return None if effect.said is None else ("", {**effect.said, "outcome": "done"})

    def emit(self, effect: Emit) -> Logged:
        """Let a further event happen to the lead."""
        qualifier = QUALIFIERS.get(effect.type)
        self.raise_event(effect.type, effect.data, effect.data.get(qualifier) if qualifier else None)
        if effect.type in SYSTEM_EVENTS:
            return "", {**effect.data, "outcome": "done"}
        return effect.type, {"data": _dump_data(self.rulebook.schema, effect), "outcome": "done"}

    def send_event(self, effect: SendEvent) -> Logged:
        """Note an event for another lead, unless too many have come of one event."""
        if self.sends >= (most := sends_limit(self.depth)):
            reason = f"policy: an event of depth {self.depth} may set off {most} events for other leads"
            return "", {"lead": effect.lead, "outcome": Skipped.name, "reason": reason}
        self.sends += 1
        self.outgoing.append(effect)
        return "", {"lead": effect.lead, **(effect.said or {}), "outcome": "done"}

    def delete_lead(self, effect: DeleteLead) -> Logged:
        """Delete the lead, and end what waits for it; unless so many were deleted today that something may be wrong."""
        lead = self.lead
        if self.recorder.deletions_left <= 0:
            reason = "policy: campaigns have deleted as many leads today as they may in a day"
            return "", {"outcome": Skipped.name, "reason": reason}
        self.recorder.deletions_left -= 1
        lead.deleted_at, lead.restorable_until, lead.life_changed = effect.at, effect.restorable_until, True
        _end_runs(lead)
        until = effect.restorable_until and effect.restorable_until.isoformat()
        return "", {"restorable_until": until, "outcome": "done"}

    def restore_lead(self) -> Logged:
        """Take the deletion back."""
        lead = self.lead
        data = {"deleted_at": lead.deleted_at and lead.deleted_at.isoformat(), "outcome": "done"}
        lead.deleted_at = lead.restorable_until = None
        lead.life_changed = True
        return "", data

    def merge_lead(self, other: LeadState) -> Logged:
        """From now on the other lead is this one."""
        other.winner, other.life_changed = self.lead, True
        _end_runs(other)
        return "", {"merged": other.key, "outcome": "done"}

    def raise_event(self, type: str, data: dict[str, Any], qualifier: str | None) -> None:
        """Queue an event if anyone hears it, or may by its turn: a run that is parked until then."""
        if type not in self.rulebook.heard:
            return
        topic = self.rulebook.by_event.get(type)
        subscribers = topic.subscribers(qualifier) if topic else ()
        if subscribers or type in self.rulebook.wakes:
            by = None if self.by is None else (self.by.campaign.key, self.by.step)
            self.queue.append(Arisen(type, data, subscribers, self.depth + 1, by))


def _end_runs(lead: LeadState) -> None:
    lead.changed_runs = lead.changed_runs.union(lead.runs)
    lead.runs.clear()


def _dump_data(schema: TenantSchema, effect: Emit) -> dict[str, Any]:
    attributes = schema.event_types[effect.type].attributes
    return {
        name: TYPES[attributes[name].type].dump(value) if name in attributes else value
        for name, value in effect.data.items()
    }
