"""A wrong clock for one process: what Python code of the node reads, not the machine's."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, tzinfo

from engine import executor


def shift(seconds: float) -> None:
    """From now on this process believes it is later, or earlier, by so many seconds."""
    real = time.time

    class Shifted(datetime):
        """datetime whose now() is wrong."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=seconds)

    time.time = lambda: real() + seconds
    executor.datetime = Shifted  # type: ignore[misc]
