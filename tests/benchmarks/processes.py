"""What processes use: seconds of a core, and memory. From /proc, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

#: Places in /proc/<pid>/stat behind the name: user and system time, and those of children that have ended.
OWN, ENDED = slice(11, 13), slice(13, 15)


def children(pid: int) -> list[int]:
    """The processes that this one started and that still run."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for child in children(pid):
        try:
            found += tree(child)
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
    return found


def cpu_seconds(pid: int) -> float:
    """What the process used, with those of its children that have ended. 0.0 once it has ended itself."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[OWN] + fields[ENDED])) / TICKS


def cpu_of(pids: Iterable[int]) -> float:
    """Of all these processes together."""
    return sum(map(cpu_seconds, pids))


def memory_mb(pid: int) -> float:
    """A process's memory in MB, shared pages divided by their users (proportional set size)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"no figure for process {pid}")
