"""What was accepted, written by the feeder after each acceptance, read by the table and the check.

A line per accepted event: tenant, lead, id, way. Lines of one lead are in the order in which its events were
accepted: one thread sends all events of a lead. An event that was sent again has a second line.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

DIRECT, HTTP, BURST = "direct", "http", "burst"


class AcceptedEvent(NamedTuple):
    """One line."""

    tenant: str
    lead: str
    id: str
    way: str


class Writer:
    """Appends lines; threads may share it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()

    def append(self, events: Iterable[AcceptedEvent]) -> None:
        """Write the events; readers see them at once."""
        text = "".join(["\t".join(event) + "\n" for event in events])
        with self._lock:
            self._file.write(text)
            self._file.flush()

    def close(self) -> None:
        """End it."""
        self._file.close()


def read(path: Path) -> Iterator[AcceptedEvent]:
    """All lines."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield AcceptedEvent(*line.rstrip("\n").split("\t"))


class Follower:
    """Reads what was added since the last look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = 0

    def added(self) -> list[AcceptedEvent]:
        """The complete lines added since."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._place)
            text = file.read()
        text = text[: text.rfind(b"\n") + 1]
        self._place += len(text)
        return [AcceptedEvent(*line.split("\t")) for line in text.decode().splitlines()]
