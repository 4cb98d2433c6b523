"""A transaction is seen when no snapshot says any more that it runs."""

from __future__ import annotations

import pytest

from tests.benchmarks.commits import glance, seen_at
from tests.benchmarks.suites.latency import p99, waits

GLANCES = [
    glance(10.0, "700:700:"),
    glance(10.1, "700:703:700,702"),  # 701 is over
    glance(10.2, "702:704:702"),  # 700 too
    glance(10.3, "705:705:"),
]


@pytest.mark.parametrize(("transaction", "at"), [(699, 10.0), (700, 10.2), (701, 10.1), (702, 10.3), (704, 10.3)])
def test_a_transaction_is_seen_at_the_first_glance_that_shows_it_over(transaction: int, at: float) -> None:
    assert seen_at(GLANCES, transaction) == at


def test_what_never_was_over_is_no_moment() -> None:
    with pytest.raises(LookupError):
        seen_at(GLANCES, 705)


def test_a_wait_is_counted_from_when_the_event_was_due() -> None:
    assert waits([(9.5, 700), (10.0, 700), (10.0, 701)], GLANCES) == pytest.approx([0.7, 0.2, 0.1])


def test_one_of_a_hundred_is_above_the_99th_percentile() -> None:
    assert p99([*range(100), 10_000]) == 99
