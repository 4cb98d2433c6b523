"""Tenants with random weights, costs and arrivals, from a seed."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulator.workers import Arrival

BUSY = 20
WEIGHTS = (0.5, 1.0, 1.0, 1.0, 2.0, 3.0, 5.0, 10.0)
#: Milliseconds of deciding for an event of the busy ones: the fewest and the most, the others between by equal factors.
CHEAP, DEAR = 5.0, 400.0
#: Of the quiet ones: log-normal, so that some are as dear as the busy ones.
MEDIAN, SPREAD = 1.0, 1.2
#: A burst of a quiet tenant: events of how many leads, and how many of each.
LEADS, EVENTS = (1, 2), (1, 2, 3)
QUIET_LOAD = 0.5  #: of the workers' time, on average


@dataclass
class Load:
    """What happens: BUSY tenants that always have work, all others now and then."""

    tenants: int
    seed: int
    workers: int
    own_ms: dict[str, float] = field(init=False)
    weights: dict[str, float] = field(init=False)
    horizon_ms: float = field(init=False)

    def __post_init__(self) -> None:
        dice = random.Random(self.seed)
        factor = (DEAR / CHEAP) ** (1 / (BUSY - 1))
        self.busy = [f"busy-{number:02}" for number in range(BUSY)]
        self.own_ms = {tenant: CHEAP * factor**number for number, tenant in enumerate(self.busy)}
        self.weights = {tenant: dice.choice(WEIGHTS) for tenant in self.busy}
        quiet = max(1, self.tenants - BUSY)
        self._quiet = array("d", (min(DEAR, dice.lognormvariate(0, SPREAD) * MEDIAN) for _ in range(quiet)))
        self._dice = random.Random(self.seed + 1)
        mean = sum(self._quiet) / quiet * (sum(LEADS) / len(LEADS)) * (sum(EVENTS) / len(EVENTS))
        self.horizon_ms = max(10_000.0, quiet * mean / (QUIET_LOAD * self.workers))

    def cost_of(self, tenant: str) -> float:
        """Milliseconds of deciding for one event, this time."""
        usual = self.own_ms[tenant] if tenant in self.own_ms else self._quiet[int(tenant[6:])]
        return usual * (0.5 + self._dice.random())

    def arrivals(self, *, with_busy: bool = True) -> Iterator[Arrival]:
        """The busy ones at once, each quiet one once within the horizon."""
        dice = random.Random(self.seed + 2)
        if with_busy:
            yield 0.0, [(tenant, lane, 3) for tenant in self.busy for lane in range(4 * self.workers)]
        order = list(range(len(self._quiet)))
        dice.shuffle(order)
        now, rate = 0.0, len(order) / (self.horizon_ms * 0.95)
        for number in order:
            now += dice.expovariate(rate)
            leads = dice.randint(*LEADS)
            yield now, [(f"quiet-{number}", dice.randrange(16), dice.choice(EVENTS)) for _ in range(leads)]
