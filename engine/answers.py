"""What the scripts in lua/ answer, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

#: Tenant, lane and number of events to take.
LeasedLane = tuple[str, int, int]

#: A lane's mode as PostgreSQL has it: tenant, lane, whether it is in spill mode, epoch.
Mode = tuple[str, int, bool, int]


@dataclass(frozen=True)
class Lease:
    """What a bundle holds: lanes of tenants on one database."""

    database: str
    lanes: list[LeasedLane]


class Glance(msgspec.Struct):
    """What reconcile.lua found in a part of what is in Redis, and repaired."""

    cursor: str  #: where to go on; "0" at the end
    found: dict[str, int]  #: invariant -> times
    first: dict[str, str]  #: invariant -> where it was found first
    more: list[tuple[str, str]] = []  #: what has to be looked through for itself


class ModesRead(msgspec.Struct):
    """A part of the modes that modes.lua reads."""

    cursor: str
    modes: list[Mode] = []

    @classmethod
    def read(cls, answer: bytes) -> ModesRead:
        """From JSON."""
        return msgspec.json.decode(answer, type=cls)


@dataclass(frozen=True)
class Noted:
    """What Redis knows of back pressure; times in milliseconds of its clock."""

    now: int
    direct: int  #: events taken into lanes since Redis remembers
    pressure: bool
    spilling: int  #: lanes in spill mode
    samples: Mapping[str, Sequence[Mapping[str, int]]]  #: by database, oldest first
    #: by database, noted last: {"at", "counters", "tenants": [[tenant, events, oldest, lanes], …]}
    buffered: Mapping[str, Any]
