"""A clock that runs as the machine's does, put forward by what a file says: all processes of a test read the same."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


def now() -> datetime:
    """The moment by the clock of the test."""
    return datetime.now(UTC) + timedelta(seconds=float(_file().read_text()))


def put_forward(by: timedelta) -> None:
    """Move the clock for all processes at once."""
    seconds = float(_file().read_text()) if _file().exists() else 0.0
    swap = _file().with_suffix(".new")
    swap.write_text(str(seconds + by.total_seconds()))
    swap.replace(_file())


def _file() -> Path:
    return Path(os.environ["FAIRLANE_TEST_CLOCK"])
