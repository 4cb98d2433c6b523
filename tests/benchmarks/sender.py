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
    """One batch per tenant and tick. What could not be sent in time is sent as soon as it can be.

    Events occurred at the moment when they should have been accepted: who counts from there leaves no wait out.
    """

    def __init__(self, tenants: Sequence[str], *, tick: float = 0.1, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.tenants = tenants
        self.weights = zipf(tenants)
        self.tick = tick  #: seconds
        self.numbers = itertools.count()
        self.sent = 0
        self.late: list[float] = []  #: seconds by which each tick ended after the next should have begun, or 0

    def run(self, rate: float, go_on: Callable[[float], bool]) -> None:
        """Until go_on(seconds of the load sent so far) says no."""
        began, moment = time.monotonic(), datetime.now(UTC)
        for number in itertools.count():
            if not go_on(number * self.tick):
                return
            time.sleep(max(0.0, began + number * self.tick - time.monotonic()))
            self._send(due(rate, self.tick, number), moment + timedelta(seconds=number * self.tick))
            self.late.append(max(0.0, time.monotonic() - began - (number + 1) * self.tick))

    def _send(self, count: int, moment: datetime) -> None:
        from campaigns.ingest import Accepted, accept  # noqa: PLC0415  needs the settings

        batches: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for tenant in self.chance.choices(self.tenants, self.weights, k=count):
            batches[tenant].append(purchase(self.chance, str(next(self.numbers))))
        for tenant, batch in batches.items():
            outcomes = accept(tenant, batch, "api", moment)
            assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes[0]
            self.sent += len(batch)
