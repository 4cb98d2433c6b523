"""One simulation with all its checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulator import checks
from tests.simulator.figures import Waits, WorkerTime, percentile
from tests.simulator.load import DEAR, Load
from tests.simulator.ring import Limits, Ring
from tests.simulator.workers import Watcher, Workers


@dataclass(frozen=True)
class Result:
    """What was seen, and what was broken."""

    figures: dict[str, str]
    faults: list[str]


def simulate(tenants: int, seed: int, workers: int, make_ring: Callable[[], Ring] = Ring) -> Result:
    """All tenants of the seed beside the busy ones, then the quiet ones alone to compare their waits."""
    load = Load(tenants, seed, workers)
    ring = make_ring()
    for tenant, weight in load.weights.items():
        ring.configure(tenant, weight, 0)
    bound = checks.FairnessBound(ring, load.weights)
    starving = checks.NobodyStarves(ring, workers)
    beside, time = Waits("quiet"), WorkerTime(load.busy)
    always = checks.AlwaysReady(ring, load.busy)
    found = [bound, starving, always, checks.NobodyIdles(ring), checks.LeastFirst(ring, 1 + tenants // 100)]
    node = _run(load, ring, [*found, beside, time], with_busy=True)
    alone = Waits("quiet")
    _run(load, make_ring(), [alone], with_busy=False)

    figures = {
        "tenants, seed, workers": f"{tenants:,}, {seed}, {workers}",
        "virtual seconds, bundles": f"{load.horizon_ms / 1000:.0f}, {node.bundles:,}",
        "fairness bound: worst pair, of what is allowed": f"{bound.tightest():.2f}",
        "Jain's index of the busy, all time": f"{time.jain_of_all(load.weights):.4f}",
        "longest wait for a turn, of the limit": f"{starving.longest_ms:.0f} ms, {starving.of_the_limit():.2f}",
        "quiet tenants' p99 wait alone, beside the busy": f"{_p99(alone):.0f} ms, {_p99(beside):.0f} ms",
        "tenants at work at once, at most": f"{starving.crowd:,}",
    }
    faults = [fault for check in found for fault in check.faults]
    return Result(figures, faults + _waits_faults(alone, beside) + _left(ring, load))


def _run(load: Load, ring: Ring, watchers: list[Watcher], *, with_busy: bool) -> Workers:
    """Until the horizon; then what is left is done."""
    node = Workers(ring, load.workers, load.cost_of, watchers, load.busy if with_busy else ())
    node.run(load.arrivals(with_busy=with_busy), load.horizon_ms)
    node.drain()
    return node


def _waits_faults(alone: Waits, beside: Waits) -> list[str]:
    """A quiet tenant's p99 wait is at most twice what it is alone, and until the longest event at work has ended."""
    most = 2 * _p99(alone) + max(Limits().milliseconds, 1.5 * DEAR)
    return [] if _p99(beside) <= most else [f"quiet tenants wait {_p99(beside):.0f} ms, {most:.0f} would be fair"]


def _left(ring: Ring, load: Load) -> list[str]:
    """When all is done and shares are as they were, only the clock is left."""
    for tenant in load.busy:
        ring.configure(tenant, 1, 0)
    return [f"{count} left in {name}" for name, count in ring.traces().items()]


def _p99(waits: Waits) -> float:
    return percentile(waits.begun, 99)
