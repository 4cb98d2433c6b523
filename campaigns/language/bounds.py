"""Numbers held between two ends."""

from __future__ import annotations

from typing import Any


def clamp(value: Any, low: Any, high: Any) -> Any:
    """The value, or the end that it passed. An end that is None is open."""
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value


def moved(old: int, op: str, amount: int) -> int:
    """A number of points after an operation of the actions that change scores: add, sub or set."""
    if op == "set":
        return amount
    return old + amount if op == "add" else old - amount
