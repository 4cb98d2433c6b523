"""Targets and curves: told from bench.json, with nothing left out that was not measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks import capacity, curves, suite, targets
from tests.benchmarks.curves import BACKLOG, CAMPAIGNS, SUITE
from tests.benchmarks.results import Place
from tests.benchmarks.targets import TARGETS, Target

#: Every figure that a document asks for.
PLACES = [*(target.place for target in TARGETS), *capacity.PLACES.values()]


def results(**rows: dict[str, float]) -> dict[str, Any]:
    """As bench.json has them: suite__case is a row."""
    found: dict[str, Any] = {}
    for name, row in rows.items():
        suite, _, case = name.partition("__")
        found.setdefault(suite, {"rows": {}})["rows"][case] = row
    return found


def at(place: Place, value: float) -> dict[str, Any]:
    return {place.suite: {"rows": {place.case: {place.figure: value}}}}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.words)
def test_each_target_is_reached_at_its_bound_and_missed_beyond_it(target: Target) -> None:
    bound = target.most if target.least is None else target.least
    assert bound is not None
    worse = bound * (0.9 if target.most is None else 1.1)

    def verdict(value: float) -> bool:
        (row,) = (row for row in targets.rows(at(target.place, value)) if row.target is target)
        return row.reached

    assert verdict(bound)
    assert not verdict(worse)


def test_what_was_not_measured_is_named_and_not_reached() -> None:
    rows = targets.rows({})

    assert len(rows) == len(TARGETS)
    assert not any(row.reached for row in rows)
    for target in TARGETS:
        assert f"missing: {target.place} | not measured" in targets.markdown({})


def test_a_missed_target_stands_out() -> None:
    table = targets.markdown(at(TARGETS[0].place, 0.25))

    assert "| ≥ 0.50 | 0.25 | **no** |" in table


def test_growth_is_told_against_the_first_point_of_the_same_curve() -> None:
    rows = {"1 campaigns a tenant": {"cpu": 20.0}, "500 campaigns a tenant": {"cpu": 21.0}}

    curves.compare(rows)

    assert [row["cpu_growth"] for row in rows.values()] == [1.0, 1.05]


@pytest.mark.parametrize(("last", "held"), [(24.0, True), (26.0, False)])
def test_a_curve_that_is_flat_by_design_may_grow_by_its_bound(last: float, held: bool) -> None:
    measured = {SUITE: {"rows": {"1 campaigns a tenant": {"cpu": 20.0}, "500 campaigns a tenant": {"cpu": last}}}}

    (verdict,) = (one for one in curves.verdicts(measured) if one.curve is CAMPAIGNS)

    assert verdict.held is held


def test_a_curve_without_its_last_point_says_so() -> None:
    measured = {SUITE: {"rows": {"0 waiting events": {"push_us": 20.0}}}}

    found = [one for one in curves.verdicts(measured) if one.curve is BACKLOG]

    assert [one.held for one in found] == [None, None, None]
    assert targets.by_design(measured).count("not measured") == sum(len(curve.watched) for curve in curves.CURVES)


def test_tenants_are_to_be_flat_from_a_hundred_on() -> None:
    rows = {"1 tenants": {"lease_us": 1.0}, "100 tenants": {"lease_us": 10.0}, "100,000 tenants": {"lease_us": 14.0}}

    (verdict,) = (one for one in curves.verdicts({SUITE: {"rows": rows}}) if one.ratio is not None)

    assert (verdict.since, verdict.ratio, verdict.held) == (100, 1.4, True)


@pytest.mark.parametrize("place", {str(one): one for one in PLACES}.values(), ids=str)
def test_what_is_looked_for_is_a_case_of_its_suite(place: Place) -> None:
    try:
        cases = suite.load(place.suite).cases
    except SystemExit as error:
        pytest.skip(str(error))

    assert place.case in [case.name for case in cases]
