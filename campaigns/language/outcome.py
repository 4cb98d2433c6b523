"""How the execution of a step can end, besides with effects."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Outcome(msgspec.Struct, frozen=True):
    """An end without effects."""

    name: ClassVar[str]
    reason: str = ""


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
    """The campaign is over for this event: none of its further steps runs."""

    name: ClassVar[str] = "done"


class BadValueError(Exception):
    """A value known only while running does not fit its parameter; the step fails with this message."""
