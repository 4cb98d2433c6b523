"""The handler of nodes under fire: that of tests/handler.py, with one more poison.

Imported by a node before its pool forks, so it is also where a node gets a wrong clock, or loses one of its
guards for a positive control.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import psycopg

from engine import spill
from engine.types import Event
from tests import handler
from tests.chaos import clock, guards
from tests.handler import handle

__all__ = ["handle"]


def memory(connection: psycopg.Connection, event: Event) -> None:
    """Asks for more memory than any machine has."""
    handler.purchase(connection, event)
    bytearray(1 << 60)


handler.BEHAVIOURS["memory"] = memory

#: Where a node may be told to stand still.
STEPS = ("next_events", "remove", "close_drained")

#: A file that names a step of the buffer's: before it the whole node stands still, once.
_order = Path(os.environ.get("CHAOS_STAND_STILL", "/nowhere"))


def _stop_before(step: str) -> None:
    function = getattr(spill, step)

    def stopped(*args: Any) -> Any:
        with contextlib.suppress(FileNotFoundError):
            if _order.read_text() == step:
                _order.unlink()
                os.killpg(os.getpgrp(), signal.SIGSTOP)
        return function(*args)

    setattr(spill, step, stopped)


for _step in STEPS:
    _stop_before(_step)

_offset = float(os.environ.get("CHAOS_CLOCK_SECONDS", "0"))
if _offset:
    clock.shift(_offset)


def _remove(names: Any) -> None:
    for name in filter(None, names):
        guards.GUARDS[name]()


_remove(os.environ.get("CHAOS_GUARDS_OFF", "").split(","))
