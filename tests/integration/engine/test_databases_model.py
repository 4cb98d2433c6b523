"""Leases over three databases against a model: whatever happens, no bound is passed and nobody is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from engine.lanes import Lanes
from tests.integration.engine.conftest import PREFIX, let_expire, let_wait_end
from tests.integration.engine.placing import finish, let_pass, settle_in, slots

TOTALS = {"default": 0, "second": 3, "third": 5}
TENANTS = {"whale": "default", "perch": "second", "minnow": "third", "eel": "third"}
WAKE = "lanes"
database = st.sampled_from(sorted(TOTALS))


class Model(RuleBasedStateMachine):
    """Which bundles are in work where."""

    def __init__(self, lanes: Lanes, valkey: redis.Redis) -> None:
        super().__init__()
        self.lanes, self.valkey = lanes, valkey
        self.live: dict[str, str] = {}
        self.serial = 0

    @initialize()
    def fill(self) -> None:
        self.valkey.flushdb()
        settle_in(self.lanes, TENANTS, events=1)
        slots(self.lanes, 8)

    @rule(open=st.sets(database), node=st.integers(1, 3), pass_on=st.booleans())
    def lease(self, open: set[str], node: int, pass_on: bool) -> None:
        """A node with room for some of the databases; it gets one of those that have room, if there is any."""
        self.valkey.delete(WAKE)
        room = {name for name in open if self._has_room(name) and not self._rests(name, node)}
        self.serial += 1
        bundle = f"b{self.serial}"

        leased = self.lanes.lease_next(bundle, f"node:{node}", {name: name in open for name in TOTALS}, pass_on=pass_on)

        assert (leased is not None) == bool(room)
        if leased:
            assert leased.database in room
            assert {TENANTS[tenant] for tenant, _, _ in leased.lanes} == {leased.database}
            self.live[bundle] = leased.database
        if leased or pass_on:
            assert self.valkey.llen(WAKE) == any(self._has_room(name) for name in TOTALS)

    @rule(data=st.data(), held_up=st.integers(0, 1))
    def settle(self, data: st.DataObject, held_up: int) -> None:
        bundle = self._draw(data)
        if bundle:
            finish(self.lanes, bundle, held_up=held_up)
            assert self._has_room(self.live.pop(bundle)) <= self.valkey.llen(WAKE)

    @rule(data=st.data(), unreachable=st.booleans())
    def release(self, data: st.DataObject, unreachable: bool) -> None:
        bundle = self._draw(data)
        if bundle:
            self.lanes.release([bundle], blame=False, unreachable=unreachable)
            del self.live[bundle]

    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """Its node was killed; somebody sweeps a lease later."""
        bundle = self._draw(data)
        if bundle:
            let_expire(self.valkey, bundle)
            self.lanes.sweep(sorted(TOTALS))
            del self.live[bundle]

    @rule(name=database, milliseconds=st.sampled_from([500, 1000, 60_000]))
    def time_passes(self, name: str, milliseconds: int) -> None:
        let_pass(self.valkey, milliseconds, name)
        let_wait_end(self.valkey)
        self.lanes.sweep(sorted(TOTALS))

    @invariant()
    def what_is_in_work_is_known(self) -> None:
        counts = Counter(self.live.values())
        for row in self.lanes.look_at_databases():
            assert row["bundles"] == row["lanes"] == counts[row["database"]]
            assert row["limit"] >= 0 and (TOTALS[row["database"]] or 99) >= row["bundles"]

    def _draw(self, data: st.DataObject) -> str | None:
        return data.draw(st.sampled_from(sorted(self.live)), label="bundle") if self.live else None

    def _has_room(self, name: str) -> bool:
        """With lanes enough for all."""
        limit = int(self.valkey.hget(f"{PREFIX}load:{name}", "limit") or 0)
        most = min(limit or 99, TOTALS[name] or 99)
        return sum(name == each for each in self.live.values()) < most and self._has_lanes(name)

    def _has_lanes(self, name: str) -> bool:
        return self.valkey.zcard(f"{PREFIX}ring:{name}") > 0

    def _rests(self, name: str, node: int) -> bool:
        return self.valkey.exists(f"{PREFIX}rest:{name}:node:{node}") == 1


def test_no_bound_is_passed_whatever_happens(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(
        bundle_lanes=1, bundle_events=1, lease_seconds=600, databases={"second": "", "third": ""}, total_bundles=TOTALS
    )

    run_state_machine_as_test(
        lambda: Model(lanes, valkey),
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
