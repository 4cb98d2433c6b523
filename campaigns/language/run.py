"""A lead's way through one version of a campaign: in memory while its steps run, stored while it is parked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from campaigns.language.context import EventView
from campaigns.language.slots import SlotRequest
from campaigns.language.values import TYPES

if TYPE_CHECKING:
    from campaigns.language.grouping import Before
    from campaigns.language.rulebook import Campaign

RUN_DUE = "run.due"  #: the event by which a parked run's time has come
HEARD_LIMIT = 20  #: events kept for a wait that the run has not reached yet

CHILD = "child"  #: in the state of a run that a pause keeps from going on: what it waited for has ended
DOOR = "door"  #: in the state of one that has not begun its step: what it begins is never overdue
LOOKS = "looks"  #: in the state of one that a pause keeps from looking at what happened, not at the clock

_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.decode

#: The type and data of an event -> its view.
ViewOf = Callable[[str, dict[str, Any]], EventView]


class ParkedRun(msgspec.Struct):
    """A run as it is stored."""

    id: str
    campaign_id: int
    version: int
    key: str  #: of keyed runs, else empty
    step: str  #: the id of the step it rests at
    wake_at: datetime | None  #: None where no time wakes it
    waits: int  #: how often it was parked: tells this wait from those before
    entered_at: datetime
    state: dict[str, Any]  #: JSON: what Run.dump() gave
    held: bool = False  #: by a pause: overdue, or marked by LOOKS or DOOR
    asks: SlotRequest | None = None  #: while its slot is not reserved; never stored


class Heard(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that happened to the lead while the run was parked."""

    type: str
    data: dict[str, Any]
    at: datetime
    source: str = ""
    by: tuple[str, str] | None = None
    awaited: datetime | None = None  #: since when the run waits that a pause kept from hearing it


class Child(msgspec.Struct, frozen=True):
    """What a run that is over leaves to the one that waited for it."""

    id: str
    variables: dict[str, tuple[str, Any]]  #: name -> type and typed value


class Run:
    """One run in memory. Actions find it as `context.run`."""

    # Nearly every run is over within its event and needs none of these: they cost nothing until they are set.
    key = ""  #: of keyed runs
    step = ""  #: the id of the step being executed
    parent = ""  #: the id of the run that waits for this one
    waits = 0  #: how often it was parked
    parked = False  #: rests at its step
    until: datetime | None = None  #: while parked: the end of the wait
    waited_since: datetime | None = None  #: since when it rests at its step
    #: what has a parked step executed again: due, event, change, child, merged; None at first
    woken: str | None = None
    returned = False  #: a loop's body is done, and its owner is executed again
    heard: Heard | None = None  #: the event that woke it
    at_door = False  #: has not begun: its campaign is paused and collects
    child: Child | None = None  #: the run that it waited for, when that one is over
    remembers = False  #: a step has asked for its memory
    requested: Sequence[str] = ()  #: campaigns that a step joins, in the order of asking; empty where it has
    passed: Sequence[str] = ()  #: checkpoints, in order
    undoing: Sequence[str] = ()  #: those that are still to be undone, the present one first; never stored
    group: Before | None = None  #: while it is in a group of steps: what there was before; never stored

    def __init__(
        self, id: str, campaign: Campaign, type: str, data: Any, occurred_at: datetime, now: datetime, depth: int
    ) -> None:
        self.id = id
        self.campaign = campaign
        self.type = type  #: of the event that it was entered for
        self.data = data  #: of that event: as it came, or typed
        self.occurred_at = occurred_at
        self.entered_at = now
        self.depth = depth  #: events between that event and the one from outside

    @cached_property
    def kept(self) -> list[Heard]:
        """Events heard before the step that waits for them was reached."""
        return []

    @cached_property
    def variables(self) -> dict[str, tuple[str, Any]]:
        """Name -> type and typed value."""
        return {}

    @cached_property
    def jumps(self) -> dict[str, int]:
        """How often each step jumped."""
        return {}

    @cached_property
    def jumped_at(self) -> dict[str, str]:
        """When each step jumped last, of those that keep an interval."""
        return {}

    @cached_property
    def memories(self) -> dict[str, dict[str, Any]]:
        """What steps keep, by their id; JSON."""
        return {}

    @property
    def memory(self) -> dict[str, Any]:
        """What the step keeps while the run is parked at it or in its loop; JSON. Forgotten when it is reached anew."""
        self.remembers = True
        return self.memories.setdefault(self.step, {})

    def as_heard(self) -> Heard:
        """The event that it was entered for, as another run hears of it."""
        return Heard(self.type, _decode(_encode(self.data)), self.occurred_at)

    def dump(self) -> dict[str, Any]:
        """What has to be stored beside the columns; JSON, without what is empty."""
        state = {
            "type": self.type,
            "data": _decode(_encode(self.data)),
            "at": self.occurred_at.isoformat(),
            "depth": self.depth,
            "parent": self.parent,
            DOOR: self.at_door,
            "until": self.until and self.until.isoformat(),
            "since": self.waited_since and self.waited_since.isoformat(),
            "variables": _dump_variables(self.variables),
            "jumps": self.jumps,
            "jumped_at": self.jumped_at,
            "requested": list(self.requested),
            "passed": list(self.passed),
            "memories": {step: memory for step, memory in self.memories.items() if memory},
            "kept": [_decode(_encode(heard)) for heard in self.kept],
        }
        return {name: value for name, value in state.items() if value}

    @classmethod
    def restore(cls, parked: ParkedRun, campaign: Campaign) -> Run:
        """The run as it was when dump() was called."""
        state = parked.state
        at = datetime.fromisoformat(state["at"])
        run = cls(
            parked.id, campaign, state["type"], state.get("data", {}), at, parked.entered_at, state.get("depth", 0)
        )
        run.key, run.step, run.waits = parked.key, parked.step, parked.waits
        run.parent, run.at_door = state.get("parent", ""), state.get(DOOR, False)
        run.until, run.waited_since = _moment(state.get("until")), _moment(state.get("since"))
        run.variables = _cast_variables(state.get("variables", {}))
        if CHILD in state:
            run.child = Child(state[CHILD]["id"], _cast_variables(state[CHILD]["variables"]))
        run.requested = state.get("requested", ())
        run.passed = state.get("passed", ())
        run.jumps, run.jumped_at = dict(state.get("jumps", {})), dict(state.get("jumped_at", {}))
        run.memories = {step: dict(memory) for step, memory in state.get("memories", {}).items()}
        run.remembers = bool(run.memories)
        run.kept = [msgspec.convert(raw, Heard) for raw in state.get("kept", [])]
        return run

    def park(self) -> ParkedRun:
        """The run as it is stored now."""
        campaign = self.campaign
        return ParkedRun(
            self.id, campaign.id, campaign.version, self.key, self.step, self.until, self.waits, self.entered_at,
            self.dump(),
        )  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _dump_variables(variables: dict[str, tuple[str, Any]]) -> dict[str, Any]:
    return {name: [type, TYPES[type].dump(value)] for name, (type, value) in variables.items()}


def _cast_variables(stored: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    return {name: (type, TYPES[type].cast(raw)) for name, (type, raw) in stored.items()}


def keep_awaited(parked: ParkedRun, heard: Heard) -> ParkedRun:
    """The run with an event that it waits for and that its paused campaign keeps from it."""
    since = _moment(parked.state.get("since"))
    return look_later(keep_heard(parked, msgspec.structs.replace(heard, awaited=since)))


def look_later(parked: ParkedRun) -> ParkedRun:
    """The run, to be looked at when its campaign is resumed; its time stays what it is."""
    if parked.held:
        return parked
    return msgspec.structs.replace(parked, held=True, state={**parked.state, LOOKS: True})


def keep_child(parked: ParkedRun, child: Child) -> ParkedRun:
    """The run with what the one that it waited for leaves it."""
    left = {"id": child.id, "variables": _dump_variables(child.variables)}
    return msgspec.structs.replace(parked, state={**parked.state, CHILD: left})


def keep_heard(parked: ParkedRun, heard: Heard) -> ParkedRun:
    """The run with one more event kept for a wait to come; the oldest makes room."""
    kept = [*parked.state.get("kept", []), _decode(_encode(heard))][-HEARD_LIMIT:]
    return msgspec.structs.replace(parked, state={**parked.state, "kept": kept})
