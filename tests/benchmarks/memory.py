"""Memory of processes, compared: over time, and with what others need for the same load."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Look(NamedTuple):
    """Memory at a moment."""

    events: int  #: executed so far
    memory: Mapping[str, float]  #: MB by kind of process


def over_time(looks: Sequence[Look]) -> dict[str, float]:
    """The last look; each under its number, with the events so far; MB by million events from the second to the last.

    The first is left out of the growth: what a process loads when it begins to work is no growth.
    """
    second, last = looks[1], looks[-1]
    figures = dict(last.memory)
    for number, look in enumerate(looks):
        figures |= {f"{name}_at_{number}": value for name, value in look.memory.items()}
        figures[f"events_at_{number}"] = float(look.events)
    millions = (last.events - second.events) / 1e6
    return figures | {f"{name}_growth": (mb - second.memory[name]) / millions for name, mb in last.memory.items()}


def stock_mb(actions: float, theirs: Mapping[str, float], *, processes: int = 2) -> float:
    """Memory of one stock node with so many pool processes as so many actions a second take.

    In its favour: a single main process, and processes that do not slow each other down.
    """
    needed = max(processes, math.ceil(actions / (theirs["actions"] / processes)))
    return theirs["main_mb"] + needed * theirs["child_mb"]
