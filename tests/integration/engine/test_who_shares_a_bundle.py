"""What a lease expects of a tenant's events: who may share a bundle, and what is charged before it was measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from engine.lanes import Cost, LaneOutcome, Lanes
from tests.events import raw
from tests.integration.engine.conftest import PREFIX, lease


@pytest.fixture
def lanes(make_lanes: Callable[..., Lanes]) -> Lanes:
    """As in production: a newcomer shows what it costs with one event."""
    return make_lanes(probe_events=1)


def fill(lanes: Lanes, tenant: str, count: int, lane: int = 0) -> None:
    lanes.push([(tenant, lane, raw(tenant, "ada", count))])


def measure(lanes: Lanes, bundle: str, own: dict[str, float], beside: float = 0.0) -> set[str]:
    """A bundle took these seconds for an event of each tenant it held, and as many beside; only ants' were done."""
    leased = lease(lanes, bundle)
    cost = {tenant: Cost(own[tenant] + beside, 1, own[tenant]) for tenant, _, _ in leased}
    lanes.settle(bundle, [LaneOutcome(*one) for one in leased if one[0].startswith("ant")], cost)
    return set(cost)


def measure_all(lanes: Lanes, own: dict[str, float]) -> None:
    """Until each was measured once."""
    left, number = set(own), 0
    while left:
        left -= measure(lanes, f"measure{number}", own)
        number += 1


def test_a_newcomer_shows_what_it_costs_with_one_event(lanes: Lanes) -> None:
    fill(lanes, "whale", 50)
    fill(lanes, "minnow", 50)

    assert lease(lanes, "b1") == [("minnow", 0, 1), ("whale", 0, 1)]


def test_an_event_that_takes_longer_than_a_bundle_may_goes_alone(lanes: Lanes) -> None:
    """Else everybody whose events are in that transaction would wait for it."""
    for tenant in ("minnow", "whale", "zander"):
        fill(lanes, tenant, 2)
    measure_all(lanes, {"minnow": 0.001, "whale": 0.4, "zander": 0.001})

    bundles = [[tenant for tenant, _, _ in lease(lanes, f"b{number}")] for number in range(4)]

    assert ["whale"] in bundles and ["minnow", "zander"] in bundles


def test_one_slow_tenant_at_work_does_not_make_newcomers_look_slow(lanes: Lanes) -> None:
    """They would go one by one, though many fit into a bundle."""
    own = {"whale": 0.4} | {f"ant-{number}": 0.001 for number in range(20)}
    for tenants in ({"whale"}, own):
        for tenant in tenants:
            fill(lanes, tenant, 1)
        measure_all(lanes, {tenant: own[tenant] for tenant in own if tenant in tenants})
    for number in range(20):
        measure(lanes, f"b{number}", own)

    for number in range(5):
        fill(lanes, f"new-{number}", 1)

    assert {f"new-{number}" for number in range(5)} <= {tenant for tenant, _, _ in lease(lanes, "last")}


def test_what_a_lone_event_paid_for_its_bundle_is_not_charged_for_hundreds(lanes: Lanes, valkey: redis.Redis) -> None:
    """It would take the clock 25 s ahead, and with it the tenants that come before the whale gets it back."""
    fill(lanes, "minnow", 1)
    fill(lanes, "whale", 1000)
    fill(lanes, "whale", 1000, lane=1)
    measure_all(lanes, {"whale": 0.0001, "minnow": 0.0001})
    before = valkey.zscore(PREFIX + "ring:default", "whale") or 0
    measure(lanes, "lone", {"whale": 0.0001, "minnow": 0.0001}, beside=0.05)

    assert sum(count for _, _, count in lease(lanes, "b1")) == 256

    assert (valkey.zscore(PREFIX + "ring:default", "whale") or 0) - before < 250  # 50 ms were used, 80 are the budget
