"""What tells that a database has more to do at once than it can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from psycopg import errors

#: A transaction that ran into others: it cannot be told which of its lanes was in the way.
TANGLED = (errors.DeadlockDetected, errors.SerializationFailure)


@dataclass
class Strain:
    """The lanes of a bundle that their database held up."""

    lanes: set[tuple[str, int]] = field(default_factory=set)
    kind: str = ""  #: the last: lock wait, deadlock, time-out

    def __bool__(self) -> bool:
        return bool(self.lanes)

    def feel(self, error: Exception, lanes: Iterable[tuple[str, int]]) -> None:
        """Note an error of a transaction with these lanes.

        A lock wait or a time-out is that of the lane it is found in by splitting: the lanes that only shared its
        transaction do not count.
        """
        held_up = set(lanes)
        kind = _kind(error)
        if kind == "deadlock" or (kind and len(held_up) == 1):
            self.lanes |= held_up
            self.kind = kind


def _kind(error: Exception) -> str:
    if isinstance(error, TANGLED):
        return "deadlock"
    if isinstance(error, errors.LockNotAvailable):
        return "lock wait"
    return "time-out" if isinstance(error, errors.QueryCanceled) else ""
