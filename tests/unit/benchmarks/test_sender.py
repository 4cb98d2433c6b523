"""A constant rate is one, whatever the length of a tick."""

from __future__ import annotations

import pytest

from tests.benchmarks.sender import Sender, due


@pytest.mark.parametrize("rate", [0.5, 10, 333.3, 1083.33, 6000])
@pytest.mark.parametrize("tick", [0.01, 0.02, 0.1])
def test_after_each_tick_so_many_are_sent_as_the_rate_says(rate: float, tick: float) -> None:
    sent = 0
    for number in range(500):
        sent += due(rate, tick, number)
        assert sent == int(rate * tick * (number + 1))


def test_the_events_of_a_rate_are_spread_evenly_over_the_ticks() -> None:
    assert [due(25, 0.1, number) for number in range(4)] == [2, 3, 2, 3]


def test_late_ticks_go_together_and_none_beyond_the_end() -> None:
    sender = Sender(["a"], tick=0.1)

    def go_on(elapsed: float) -> bool:
        return elapsed < 0.95

    assert sender._due(3, 0.0, go_on) == [3]
    assert sender._due(3, 0.66, go_on) == [3, 4, 5, 6]
    assert sender._due(3, 9.9, go_on) == [3, 4, 5, 6, 7, 8, 9]
    assert sender._due(10, 9.9, go_on) == []
