"""Priority classes: which campaigns go first within what their tenant's share of the workers allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

HIGH, NORMAL, LOW = "high", "normal", "low"

#: Each class's place: the lowest goes first. Stored with deliveries.
PLACES = {HIGH: 0, NORMAL: 1, LOW: 2}


class Urgent(msgspec.Struct, frozen=True):
    """The events that campaigns of high priority hear, so that whoever accepts one can say that it is urgent."""

    #: Type of event -> the attribute and its values; None: every event of the type.
    heard: Mapping[str, tuple[str, frozenset[Any]] | None] = {}

    def hears(self, type: str, data: Mapping[str, Any]) -> bool:
        """Whether one of those campaigns may answer such an event. Its filter is not asked."""
        if type not in self.heard:
            return False
        narrowed = self.heard[type]
        return narrowed is None or data.get(narrowed[0]) in narrowed[1]


NOTHING = Urgent()
