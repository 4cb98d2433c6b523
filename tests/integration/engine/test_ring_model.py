"""tests/simulator/ring.py is the scheduler of the scripts: the same calls, the same choices, the same virtual times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from engine.lanes import Cost, LaneOutcome, Lanes
from tests.integration.engine.conftest import PREFIX, lease
from tests.integration.engine.patched import TIME, PatchedLanes
from tests.simulator.ring import PROBE, Limits, Ring, Taken

#: Limits small enough for every one of them to end a bundle.
EVENTS, SECONDS, LANES = 40, 0.05, 6

tenants = st.sampled_from(["whale", "minnow", "0-", "perch"])
groups = st.lists(st.tuples(tenants, st.integers(0, 3), st.integers(1, 20)), min_size=1, max_size=5)
#: Seconds of deciding for an event, and seconds a bundle costs beside that.
own_seconds = st.one_of(st.sampled_from([0.0, 0.0001, 0.4]), st.floats(0.0, 0.5))
shared_seconds = st.sampled_from([0.0, 0.003, 0.06, 0.3])


class Twins(RuleBasedStateMachine):
    """The scripts and the model, told the same."""

    def __init__(self, lanes: PatchedLanes, valkey: redis.Redis) -> None:
        super().__init__()
        self.lanes, self.valkey = lanes, valkey
        self.ring = Ring(Limits(EVENTS, SECONDS * 1000, LANES))
        self.live: dict[str, list[Taken]] = {}
        self.number = self.now = 0

    @initialize()
    def empty(self) -> None:
        self.valkey.flushdb()
        self.later(0)

    @rule(milliseconds=st.integers(0, 3))
    def later(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.lanes.set_time(self.now)

    @rule(groups=groups)
    def push(self, groups: list[Taken]) -> None:
        self.lanes.push([(tenant, lane, [b"{}"] * count) for tenant, lane, count in groups])
        self.ring.push(groups, self.now)

    @rule()
    def lease(self) -> None:
        self.number += 1
        bundle = f"b{self.number}"
        leased = lease(self.lanes, bundle)
        assert self.ring.lease(bundle) == leased
        if leased:
            self.live[bundle] = leased

    @rule(data=st.data(), shared=shared_seconds)
    def settle(self, data: st.DataObject, shared: float) -> None:
        """Some lanes wholly done, some in part, some not named; the cost measured, or of a part of the tenants."""
        if not self.live:
            return
        bundle = data.draw(st.sampled_from(sorted(self.live)), label="bundle")
        done = [
            (tenant, lane, data.draw(st.sampled_from([count, count, count // 2, 0]), label="done"))
            for tenant, lane, count in self.live.pop(bundle)
            if data.draw(st.sampled_from([True, True, False]), label="named")
        ]
        cost = self._cost(data, done, shared)

        self.lanes.settle(bundle, [LaneOutcome(*one) for one in done], cost)
        self.ring.settle(bundle, done, {tenant: _price(one) for tenant, one in cost.items()}, self.now)

    def _cost(self, data: st.DataObject, done: list[Taken], shared: float) -> dict[str, Cost]:
        cost = {}
        for tenant in dict.fromkeys(tenant for tenant, _, _ in done):
            events = sum(count for name, _, count in done if name == tenant)
            own = data.draw(own_seconds, label="own") * events
            cost[tenant] = Cost(own + shared / len(done), events, own)
        return cost

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.live:
            bundle = data.draw(st.sampled_from(sorted(self.live)), label="bundle")
            del self.live[bundle]
            self.lanes.release([bundle], blame=False)
            self.ring.release(bundle, self.now)

    @rule(tenant=tenants, weight=st.sampled_from([1, 0.5, 3, 1 / 3]), cap=st.integers(0, 2))
    def configure(self, tenant: str, weight: float, cap: int) -> None:
        self.lanes.configure(tenant, weight, cap, "default")
        self.ring.configure(tenant, weight, cap)

    @invariant()
    def the_virtual_times_are_the_same(self) -> None:
        for name in ("ring", "away", "debt"):
            scores = self.valkey.zrange(f"{PREFIX}{name}:default", 0, -1, withscores=True)
            assert {tenant.decode(): at for tenant, at in scores} == getattr(self.ring, name), name
        assert float(self.valkey.get(f"{PREFIX}clock:default") or 0) == self.ring.clock

    @invariant()
    def what_was_learnt_is_the_same(self) -> None:
        for name in ("cost", "own"):
            learnt = self.valkey.hgetall(f"{PREFIX}{name}:default")
            learnt.pop(b"#well", None)  # when a bundle settled last: no part of the scheduler
            assert {tenant.decode(): float(each) for tenant, each in learnt.items()} == getattr(self.ring, name), name

    @invariant()
    def the_lanes_are_the_same(self) -> None:
        keys = {key.decode().removeprefix(PREFIX) for key in self.valkey.scan_iter(count=1000)}
        held = {
            f"t.{tenant}.{lane}": count for tenant, lanes in self.ring.lanes.items() for lane, count in lanes.items()
        }
        assert {name: self.valkey.llen(PREFIX + name) for name in keys if name.startswith("t.")} == held
        assert {name for name in keys if name.startswith("ready:")} == {f"ready:{tenant}" for tenant in self.ring.ready}
        assert {name for name in keys if name.startswith("work:")} == {f"work:{tenant}" for tenant in self.ring.work}


def _price(cost: Cost) -> tuple[float, int, float]:
    milliseconds, events, own = cost.row()
    return milliseconds, int(events), own


def test_the_model_is_the_same_scheduler(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    limits: dict[str, Any] = {
        "bundle_events": EVENTS,
        "bundle_seconds": SECONDS,
        "bundle_lanes": LANES,
        "probe_events": PROBE,
    }
    lanes = PatchedLanes(valkey, make_lanes(lease_seconds=600, **limits).settings, TIME)

    run_state_machine_as_test(
        lambda: Twins(lanes, valkey),
        settings=settings(
            max_examples=40,
            stateful_step_count=50,
            deadline=None,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
