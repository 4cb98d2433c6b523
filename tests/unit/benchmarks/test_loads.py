"""What is sent and executed in a measurement is as many events as it is divided by."""

from __future__ import annotations

from campaigns.wire import decode_line
from engine.routing import lane_of
from engine.types import decode
from tests.benchmarks.suites import accept, execute
from tests.benchmarks.world import LANES, Scene

TENANTS = ["a", "b", "c"]


def test_batches_have_all_events_once() -> None:
    made = list(accept.batches(25, 10, TENANTS, seed=1))

    assert [len(raw) for _, raw in made] == [10, 10, 5]
    assert {one["id"] for _, raw in made for one in raw} == {f"1-{number}" for number in range(25)}
    assert {tenant for tenant, _ in made} <= set(TENANTS)


def test_lines_are_read_as_they_were_meant() -> None:
    ((_, raw),) = accept.batches(3, 10, TENANTS, seed=1)

    assert [decode_line(line) for line in accept.lines(raw).splitlines()] == raw


def test_the_rate_of_a_core_is_compared_with_the_target() -> None:
    rows = {accept.BULK: {"per_core": 30_000.0}, "other": {"per_core": 60_000.0}}

    accept.compare(rows)

    assert (rows[accept.BULK]["of_target"], rows["other"]["of_bulk"]) == (1.5, 2.0)


def test_bundles_have_each_event_in_its_lane_and_in_order() -> None:
    events = Scene(tenants=2).events(250, seed=1)

    made = execute.bundles(events, 100)

    assert [sum(len(lane.events) for lane in one) for one in made] == [100, 100, 50]
    for number, lanes in enumerate(made):
        here = events[number * 100 : (number + 1) * 100]
        for lane in lanes:
            ids = [decode(raw, lane.tenant).id for raw in lane.events]
            assert ids == [e.id for e in here if (e.tenant, lane_of(e.lead, LANES)) == (lane.tenant, lane.lane)]
