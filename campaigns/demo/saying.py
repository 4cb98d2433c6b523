"""What the demo says while it starts: a line with the seconds since it began."""

from __future__ import annotations

import time

BEGAN = time.monotonic()


def elapsed() -> float:
    """Seconds since this process began to say something."""
    return time.monotonic() - BEGAN


def say(text: str) -> None:
    """Print a line at once."""
    print(f"{elapsed():6.1f} s  {text}", flush=True)
