"""How the execution of a step can end, besides with effects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from campaigns.language.effects import NO_END, Effect, Emit, PutRecord
from campaigns.language.slots import SlotRequest


class Outcome(msgspec.Struct, frozen=True):
    """An end without effects."""

    name: ClassVar[str]
    reason: str = ""
    raises: Emit | None = None  #: an event that such an end is


class NoOp(Outcome, frozen=True):
    """There was nothing to change."""

    name: ClassVar[str] = "no_op"


class Skipped(Outcome, frozen=True):
    """A rule of the action forbade it; the reason is logged and the next step runs."""

    name: ClassVar[str] = "skipped"


class Failed(Outcome, frozen=True):
    """It could not be done with the values at hand; the reason is logged and the next step runs."""

    name: ClassVar[str] = "failed"


class Ended(Outcome, frozen=True):
    """The run is over: none of its further steps runs."""

    name: ClassVar[str] = "done"


class Merged(Ended, frozen=True):
    """The run is over, and another one of the lead that rests at the same step is executed again instead: it finds
    the event of this one as what it heard."""

    into: str = ""  #: the id of the other


class Done(Outcome, frozen=True):
    """The step did what it is for, and the next one runs."""

    name: ClassVar[str] = "done"
    said: dict[str, Any] = {}  #: for the activity


class Enter(Outcome, frozen=True):
    """The steps in the body run next; None is an empty one."""

    name: ClassVar[str] = "done"
    body: int | None = None  #: the place of its first step, as the parameter of kind Body gives it
    said: dict[str, Any] = {}  #: for the activity


class LeftOut(Enter, frozen=True):
    """Steps are left out: the run goes on at the place."""

    name: ClassVar[str] = "skipped"


class Jump(Outcome, frozen=True):
    """The step of this id runs next."""

    name: ClassVar[str] = "done"
    step: str = ""
    said: dict[str, Any] = {}  #: for the activity


class Parked(Outcome, frozen=True):
    """The run rests at this step, which is executed again when the time has come.

    Before that, an event that the step hears or a change that it watches has it executed again too: the
    step finds what woke it in `context.run`, and may well answer with another Parked.
    """

    name: ClassVar[str] = "deferred"
    until: datetime | None = None  #: None waits for an event or a change alone
    said: dict[str, Any] = {}  #: for the activity
    quiet: bool = False  #: no activity: the wait is the same one, or another row tells of it
    asks: SlotRequest | None = None  #: for a slot of time; its own is the end of the wait


class Order(Outcome, frozen=True):
    """Carried out by the interpreter; what came of it is the step's outcome."""

    name: ClassVar[str] = "done"


class Execute(Order, frozen=True):
    """Run another campaign for the lead, with this as the data of its event. The run waits until that is over."""

    campaign: str = ""
    data: dict[str, Any] = {}


class RemoveRuns(Order, frozen=True):
    """End the lead's runs of a campaign, "" is the run's own, which ends too; or of all with a tag."""

    campaign: str = ""
    tag: str = ""


class Restart(Order, frozen=True):
    """End the lead's runs of a campaign and begin one; "" is the run's own."""

    campaign: str = ""
    kept: PutRecord | None = None  #: what is remembered of it
    said: dict[str, Any] = {}  #: for the activity


class Apply(Order, frozen=True):
    """Effects, and how the step ends behind them."""

    effects: tuple[Effect, ...] = ()
    then: Outcome = Done()


class Join(Order, frozen=True):
    """The run rests until campaigns that it requested are over, or the time is."""

    campaigns: tuple[str, ...] = ()
    needed: int = 0  #: how many requests; 0 for all
    until: datetime = datetime.max
    on_timeout: int | None = None  #: the place of the steps for whom it took longer


class Mark(Order, frozen=True):
    """The run passes a checkpoint, or has undone what was done behind it."""

    label: str = ""
    undone: bool = False


class Undo(Order, frozen=True):
    """The run ends here, and what it did is undone, back to the checkpoint of a label or as a whole."""

    to: str = ""


class OpenGroup(Order, frozen=True):
    """The steps in the body run next, and what they change is kept or put back as one."""

    body: int | None = None


class CloseGroup(Order, frozen=True):
    """The group that the run is in is over, and what its steps changed stays."""


ANONYMISE, ERASE = "anonymise", "erase"


class RequestErasure(Order, frozen=True):
    """Freeze the lead, end its runs, this one too, and have it erased when the time has come."""

    mode: str = ANONYMISE
    due_at: datetime = NO_END


class BadValueError(Exception):
    """A value known only while running does not fit its parameter; the step fails with this message."""


class MissingValueError(BadValueError):
    """A text is not written: the lead or event lacks a value that it speaks of."""
