"""The arithmetic of capacity, with costs that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.benchmarks import capacity
from tests.benchmarks.capacity import Assumptions, Costs, Load, need

COSTS = Costs(
    web=10, main=5, pool=40, redis=6, postgres=60, process_rate=10_000, wal=1_000, ledger=100, activities=500,
    lead=400, waiting=250, tenant=1_000, main_mb=60, child_mb=70, web_mb=80,
)  # fmt: skip
GIVEN = Assumptions(peak=2, utilisation=0.5, actions=3, waiting_seconds=100, leads=1e6, tenants=1_000)
LOAD = Load("30,000 actions a second", 30_000)


def test_cores_are_for_the_peak_at_the_chosen_utilisation() -> None:
    found = need(LOAD, COSTS, GIVEN)

    assert found.peak_actions == 60_000
    assert found.web_cores == pytest.approx(60_000 * 10 / 1e6 / 0.5)
    assert found.worker_cores == pytest.approx(60_000 * 45 / 1e6 / 0.5)
    assert found.redis_cores == pytest.approx(60_000 * 6 / 1e6 / 0.5)
    assert found.postgres_cores == pytest.approx(60_000 * 60 / 1e6 / 0.5)


def test_each_process_has_its_connection_and_each_node_its_main_process() -> None:
    found = need(LOAD, COSTS, GIVEN)

    assert (found.processes, found.nodes, found.web_processes) == (12, 2, 2)
    assert found.connections == 12 + 2 * 4 + 2
    assert found.memory_gb == pytest.approx((12 * 70 + 2 * 60 + 2 * 80) * 2**20 / 1e9)


def test_bytes_are_by_event_and_the_database_holds_what_is_kept() -> None:
    found = need(LOAD, COSTS, GIVEN)

    assert found.wal_mb == pytest.approx(20_000 * 1_000 / 1e6)
    assert found.day_gb == pytest.approx(10_000 * 86_400 * 600 / 1e9)
    assert found.kept_gb == pytest.approx((10_000 * 86_400 * (100 * 9 + 500 * 92) + 1e6 * 400) / 1e9)
    assert found.redis_gb == pytest.approx((20_000 * 100 * 250 + 1_000 * 1_000) / 1e9)


def test_ten_times_the_load_takes_ten_times_the_cores() -> None:
    once, ten = need(LOAD, COSTS, GIVEN), need(replace(LOAD, actions=300_000), COSTS, GIVEN)

    assert ten.postgres_cores == pytest.approx(10 * once.postgres_cores)
    assert ten.processes == 10 * once.processes


def test_twenty_billion_a_month_is_the_published_load() -> None:
    assert capacity.LOADS[2].actions == pytest.approx(7_700, rel=0.01)


def test_without_measurements_nothing_is_computed_and_each_is_named() -> None:
    said = capacity.markdown({})

    assert said.startswith("Not measured yet")
    assert all(str(place) in said for place in capacity.PLACES.values())
    with pytest.raises(LookupError, match="cpu_web"):
        capacity.costs({})


def test_with_measurements_there_is_a_line_for_each_need() -> None:
    results: dict = {}
    for place in capacity.PLACES.values():
        suite = results.setdefault(place.suite, {"rows": {}})
        suite["rows"].setdefault(place.case, {})[place.figure] = 10.0

    table = capacity.markdown(results)

    assert len(table.splitlines()) == 2 + len(capacity.LINES)
    assert all(load.name in table for load in capacity.LOADS)
