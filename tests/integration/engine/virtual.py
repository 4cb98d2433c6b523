"""The real scripts under workers in virtual time: what a bundle costs is said at settle, nothing sleeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.lanes import Cost, LaneOutcome, Lanes
from tests.simulator.ring import Price, Taken

#: An event as short as can be: what is inside is nobody's business here.
EVENT = b"{}"
LANES_A_CALL = 500


class RealScheduler:
    """Lanes, as tests/simulator/workers.py wants a scheduler."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes

    def push(self, groups: Sequence[Taken], now: int = 0) -> None:
        """Some hundred lanes a call."""
        for first in range(0, len(groups), LANES_A_CALL):
            part = groups[first : first + LANES_A_CALL]
            self.lanes.push([(tenant, lane, [EVENT] * count) for tenant, lane, count in part])

    def lease(self, bundle: str) -> list[Taken]:
        """By the one node there is."""
        return self.lanes.lease(bundle, "virtual", "default")

    def settle(self, bundle: str, done: Sequence[Taken], cost: Mapping[str, Price], now: int = 0) -> None:
        """All of it is done; fails when the lease was lost."""
        spent = {tenant: Cost(ms / 1000, events, own / 1000) for tenant, (ms, events, own) in cost.items()}
        assert self.lanes.settle(bundle, [LaneOutcome(*one) for one in done], spent) == len(done)
