"""What time it is for whoever executes and wakes; leases, in Redis, have the server's own time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from django.utils.module_loading import import_string

from engine.conf import conf


def now() -> datetime:
    """The moment, with a zone."""
    return _source()()


@cache
def _source() -> Callable[[], datetime]:
    return import_string(conf().clock) if conf().clock else _of_machine


def _of_machine() -> datetime:
    return datetime.now(UTC)
