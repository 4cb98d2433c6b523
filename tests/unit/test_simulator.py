"""The simulator finds nothing in the scheduler, and what is wrong in schedulers that are not fair."""

from __future__ import annotations

import pytest

from tests.simulator.figures import jain
from tests.simulator.ring import Ring, Share
from tests.simulator.run import simulate

SMALL = {"tenants": 1_500, "workers": 8}


class NobodyPays(Ring):
    """The first name has everything."""

    def charged(self, charge: float, share: Share) -> float:
        return 0.0


class WeightsIgnored(Ring):
    """Time is shared, but equally."""

    def charged(self, charge: float, share: Share) -> float:
        return charge


class LanesCounted(Ring):
    """Round robin by lane, whatever it costs."""

    def charged(self, charge: float, share: Share) -> float:
        return 1.0 if charge > 0 else 0.0


class DebtsKept(Ring):
    """Who ran once is never forgotten."""

    def _forget_debts(self) -> None:
        return


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_seed_every_promise_holds(seed: int) -> None:
    assert simulate(seed=seed, **SMALL).faults == []


@pytest.mark.parametrize(
    ("ring", "fault"),
    [
        (NobodyPays, "differ by"),
        (WeightsIgnored, "differ by"),
        (LanesCounted, "differ by"),
        (DebtsKept, "left in debt"),
    ],
)
def test_a_scheduler_that_is_not_fair_is_found(ring: type[Ring], fault: str) -> None:
    assert any(fault in found for found in simulate(seed=0, make_ring=ring, **SMALL).faults)


def test_a_seed_plays_the_same_again() -> None:
    assert simulate(seed=5, **SMALL) == simulate(seed=5, **SMALL)


def test_the_index_of_fairness_is_one_when_all_have_the_same_and_one_in_n_when_one_has_all() -> None:
    assert jain([3.0, 3.0, 3.0]) == 1
    assert jain([9.0, 0.0, 0.0]) == pytest.approx(1 / 3)
