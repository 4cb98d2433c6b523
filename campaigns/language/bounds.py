"""Numbers held between two ends."""

from __future__ import annotations

from typing import Any


def clamp(value: Any, low: Any, high: Any) -> Any:
    """The value, or the end that it passed. An end that is None is open."""
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value
