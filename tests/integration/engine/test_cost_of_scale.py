"""What a call costs in Redis does not grow with the tenants at work: 100 and 100,000, in turns, in one server."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import pytest
import redis

from engine.lanes import Lanes
from tests.integration.engine.virtual import RealScheduler
from tests.simulator.figures import percentile
from tests.simulator.ring import Price

FEW, MANY = 100, 100_000
LANES = 64  #: in each bundle, so that the bundles are alike
ROUNDS, CALLS = 5, 60
CALLED = ("push", "lease", "settle")


@pytest.fixture
def slowlog(valkey: redis.Redis) -> Iterator[redis.Redis]:
    """The server writes down how long each call took it, in microseconds, without the way there.

    Less than 50 us are commands within a script, which it would write down too.
    """
    valkey.config_set("slowlog-max-len", 20 * CALLS)
    valkey.config_set("slowlog-log-slower-than", 50)
    yield valkey
    valkey.config_set("slowlog-log-slower-than", 10_000)
    valkey.slowlog_reset()


class Crowd:
    """So many tenants that are always busy, in a corner of the server that is theirs."""

    def __init__(self, lanes: Lanes, tenants: int) -> None:
        self.lanes, self.scheduler = lanes, RealScheduler(lanes)
        self.scheduler.push([(f"tenant-{number}", 0, 3) for number in range(tenants)])
        self.bundles = 0

    def turn(self) -> None:
        """A bundle is leased and done, and as many events arrive."""
        self.bundles += 1
        leased = self.scheduler.lease(f"b{self.bundles}")
        assert len(leased) == LANES
        self.scheduler.settle(f"b{self.bundles}", leased, {tenant: price(tenant) for tenant, _, _ in leased})
        self.scheduler.push(leased)

    def durations(self, log: list[dict]) -> dict[str, list[int]]:
        """Of its own calls, by the script."""
        scripts = {self.lanes._scripts[name].sha: name for name in CALLED}
        found: dict[str, list[int]] = {name: [] for name in CALLED}
        for entry in log:
            words = entry["command"].split(b" ", 4)
            if words[0] == b"EVALSHA" and words[3] == self.lanes.settings.prefix.encode():
                found[scripts[words[1].decode()]].append(entry["duration"])
        return found


def price(tenant: str) -> Price:
    """Costs differ, so that virtual times do."""
    own = 0.1 + len(tenant) + sum(tenant.encode()) % 7
    return (own + 0.1, 1, own)


@pytest.mark.benchmark
def test_a_call_costs_the_same_with_a_hundred_tenants_and_a_hundred_thousand(
    make_lanes: Callable[..., Lanes], slowlog: redis.Redis
) -> None:
    limits = {"bundle_lanes": LANES, "bundle_seconds": 5, "lease_seconds": 600}
    few, many = (Crowd(make_lanes(prefix=f"{{{size}}}:", probe_events=1, **limits), size) for size in (FEW, MANY))
    worst: dict[str, dict[Crowd, list[float]]] = {name: {few: [], many: []} for name in CALLED}
    for _ in range(ROUNDS):
        slowlog.slowlog_reset()
        for _ in range(CALLS):
            few.turn()
            many.turn()
        log = slowlog.slowlog_get(20 * CALLS)
        for crowd in (few, many):
            for name, took in crowd.durations(log).items():
                assert len(took) == CALLS
                worst[name][crowd].append(percentile(took, 99))

    print()
    for name in CALLED:
        small, large = (statistics.median(worst[name][crowd]) for crowd in (few, many))
        print(
            f"{name}: p99 {small:.0f} us with {FEW:,} tenants, {large:.0f} us with {MANY:,}, ratio {large / small:.2f}"
        )
        assert large <= 1.5 * small
