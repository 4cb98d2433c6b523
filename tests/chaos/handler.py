"""The handler of nodes under fire: that of tests/handler.py, with one more poison.

Imported by a node before its pool forks, so it is also where a node gets a wrong clock, or loses one of its
guards for a positive control.
"""

from __future__ import annotations

import os
from typing import Any

import psycopg

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

_offset = float(os.environ.get("CHAOS_CLOCK_SECONDS", "0"))
if _offset:
    clock.shift(_offset)


def _remove(names: Any) -> None:
    for name in filter(None, names):
        guards.GUARDS[name]()


_remove(os.environ.get("CHAOS_GUARDS_OFF", "").split(","))
