"""Comparisons of memory, with numbers that can be checked by hand."""

from __future__ import annotations

from tests.benchmarks.memory import Look, over_time, stock_mb

STOCK = {"actions": 100.0, "main_mb": 45.0, "child_mb": 50.0}  #: of a node with two pool processes


def test_stock_has_as_many_processes_as_the_same_load_takes() -> None:
    assert stock_mb(1_000, STOCK) == 45 + 20 * 50
    assert stock_mb(1_001, STOCK) == 45 + 21 * 50


def test_a_node_of_stock_is_never_smaller_than_the_one_that_was_measured() -> None:
    assert stock_mb(10, STOCK) == 45 + 2 * 50


def test_memory_grows_from_the_second_look_to_the_last() -> None:
    looks = [Look(0, {"child_mb": 50.0}), Look(500_000, {"child_mb": 60.0}), Look(2_500_000, {"child_mb": 63.0})]

    figures = over_time(looks)

    assert figures["child_mb"] == 63
    assert figures["child_mb_growth"] == 1.5
    assert (figures["child_mb_at_1"], figures["events_at_1"]) == (60, 500_000)
