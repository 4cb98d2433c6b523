"""How the execution of a step can end, besides with effects."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class NoOp(msgspec.Struct, frozen=True):
    """There was nothing to change."""

    name: ClassVar[str] = "no_op"
    reason: str = ""


class Skipped(msgspec.Struct, frozen=True):
    """A rule of the action forbade it; the reason is logged and the next step runs."""

    name: ClassVar[str] = "skipped"
    reason: str


class Failed(msgspec.Struct, frozen=True):
    """It could not be done with the values at hand; the reason is logged and the next step runs."""

    name: ClassVar[str] = "failed"
    reason: str


Outcome = NoOp | Skipped | Failed


class BadValueError(Exception):
    """A value known only while running does not fit its parameter; the step fails with this message."""
