"""Accepts events at a constant rate, whatever becomes of them: an open loop."""

from __future__ import annotations

import itertools
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

LEADS_OF_TENANT = 2_000


def due(rate: float, tick: float, number: int) -> int:
    """Events of the tick with this number: the sum after each tick is right, whatever the rate."""
    return int(rate * tick * (number + 1)) - int(rate * tick * number)


def purchase(chance: random.Random, id: str) -> dict[str, Any]:
    """An event as clients send it."""
    lead, amount = chance.randrange(LEADS_OF_TENANT), f"{chance.randrange(100, 100_000) / 100:.2f}"
    return {"id": id, "lead": f"lead-{lead}", "type": "purchase", "data": {"amount": amount}}


def zipf(tenants: Sequence[str]) -> list[float]:
    """Weights by Zipf's law: the first has the most."""
    return [1 / (rank + 1) for rank in range(len(tenants))]


class Sender:
    """One batch per tenant and tick; ticks that are late go together.

    An event occurred when its tick was due, sent in time or not: who counts from there leaves no wait out.
    """

    def __init__(self, tenants: Sequence[str], *, tick: float = 0.1, delay: float = 0.0, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.tenants = tenants
        self.weights = zipf(tenants)
        self.tick = tick  #: seconds
        self.delay = delay  #: seconds before the first tick, so that senders side by side take turns
        self.numbers = itertools.count()
        self.sent = 0
        self.took: list[float] = []  #: seconds of each tick from when it was due until its events were accepted

    def run(self, rate: float, go_on: Callable[[float], bool]) -> None:
        """Until go_on(seconds of the load sent so far) says no."""
        began, moment = time.monotonic() + self.delay, datetime.now(UTC) + timedelta(seconds=self.delay)
        number = 0
        while ticks := self._due(number, time.monotonic() - began, go_on):
            time.sleep(max(0.0, began + number * self.tick - time.monotonic()))
            due_at = {tick: moment + timedelta(seconds=tick * self.tick) for tick in ticks}
            self._send([due_at[tick] for tick in ticks for _ in range(due(rate, self.tick, tick))])
            ended = time.monotonic() - began
            self.took += [ended - tick * self.tick for tick in ticks]
            number = ticks[-1] + 1

    def _due(self, number: int, elapsed: float, go_on: Callable[[float], bool]) -> list[int]:
        """The next tick, and those after it whose time has come."""
        ticks = range(number, max(number, int(elapsed / self.tick)) + 1)
        return list(itertools.takewhile(lambda tick: go_on(tick * self.tick), ticks))

    def _send(self, moments: Sequence[datetime]) -> None:
        """Events that occurred then."""
        from campaigns.ingest import Accepted, accept  # noqa: PLC0415  needs the settings

        batches: dict[str, list[dict[str, Any]]] = defaultdict(list)
        who = self.chance.choices(self.tenants, self.weights, k=len(moments))
        for tenant, moment in zip(who, moments, strict=True):
            event = purchase(self.chance, str(next(self.numbers)))
            batches[tenant].append(event | {"occurred_at": moment.isoformat()})
        for tenant, batch in batches.items():
            outcomes = accept(tenant, batch, "api", datetime.now(UTC))
            assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes[0]
            self.sent += len(batch)
