"""Bundles are large where events wait and small where none do: who comes meanwhile waits for the end of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.lanes import Cost, LaneOutcome, Lanes
from tests.events import raw
from tests.integration.engine.conftest import lease

MOST, LEAST = 1000, 128


@pytest.fixture
def lanes(make_lanes: Callable[..., Lanes]) -> Lanes:
    return make_lanes(bundle_events=MOST)


def push(lanes: Lanes, lane: int, count: int) -> None:
    lanes.push([("whale", lane, raw("whale", "ada", count))])


def run(lanes: Lanes, bundle: str, meanwhile: Callable[[], None] = lambda: None) -> int:
    """Execute a bundle that takes 10 ms. Returns its events."""
    leased = lease(lanes, bundle)
    meanwhile()
    events = sum(count for _, _, count in leased)
    lanes.settle(bundle, [LaneOutcome(*one) for one in leased], {"whale": Cost(0.01, events, 0.0001)})
    return events


def test_bundles_grow_while_each_leaves_events_behind(lanes: Lanes) -> None:
    push(lanes, 0, 5000)
    push(lanes, 1, 5000)

    sizes = [run(lanes, f"b{number}") for number in range(14)][1:]

    assert sizes == sorted(sizes) and sizes[-1] == MOST


def test_bundles_that_leave_nothing_behind_make_the_next_ones_small(lanes: Lanes) -> None:
    push(lanes, 0, 5000)
    push(lanes, 1, 5000)
    while sum(lanes.depth("whale", lane) for lane in (0, 1)) > 2:
        run(lanes, f"b{lanes.depth('whale', 0)}.{lanes.depth('whale', 1)}")

    for number in range(5):
        push(lanes, number + 2, 1)
        run(lanes, f"few{number}", meanwhile=lambda lane=number: push(lanes, lane + 3, 1))  # type: ignore[misc]
    push(lanes, 9, 2000)
    push(lanes, 10, 2000)

    assert run(lanes, "last") == LEAST
