"""Records that a tenant's leads have in common: companies, whose turn it is in a rotation, how many a
campaign has let in, who is in a partition under an e-mail address, how the variants of a test do,
how many leads the owners of a pool have.

Nothing of them is loaded with a bundle. What a decision asks for and is not there is noted; then the bundle is
decided anew with it, locked until the commit. So only what is used is locked, in one order, and what a decision
saw of it is what it was.
"""

from __future__ import annotations

from typing import Any

Place = tuple[str, str]  #: kind and key

#: An action that declares one of these among its `records` may ask for it.
COMPANY, ROTATION, AUDIENCE, SEAT, EXPERIMENT = "company_state", "rotation", "audience", "seat", "experiment"
LOAD = "owner_load"
KINDS = frozenset({COMPANY, ROTATION, AUDIENCE, SEAT, EXPERIMENT, LOAD})


class Shared:
    """The tenant's records as one bundle has them. Data is JSON."""

    __slots__ = ("absent", "changed", "is_whole", "made", "missed", "records")

    def __init__(self, records: dict[Place, dict[str, Any]] | None = None, *, is_whole: bool = True) -> None:
        self.records: dict[Place, dict[str, Any]] = {} if records is None else records
        self.is_whole = is_whole  #: what is not here does not exist
        self.absent: set[Place] = set()  #: looked for, and there is none
        self.missed: dict[Place, bool] = {}  #: asked for in vain; whether it is made where it does not exist
        self.made: set[Place] = set()  #: did not exist before this bundle
        self.changed: set[Place] = set()

    def get(self, kind: str, key: str, *, make: bool = False) -> dict[str, Any] | None:
        """The record; an empty one is made if wanted. None where there is none, or none is known yet."""
        place = kind, key
        found = self.records.get(place)
        if found is not None:
            return found
        if not make and (self.is_whole or place in self.absent):
            return None
        if not self.is_whole:
            self.missed[place] = make or self.missed.get(place, False)
            return {} if make else None
        self.made.add(place)
        return self.records.setdefault(place, {})

    def put(self, kind: str, key: str, data: dict[str, Any]) -> None:
        """The record becomes this."""
        self.records[kind, key] = data
        self.changed.add((kind, key))
