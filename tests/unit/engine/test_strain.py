"""Which errors tell that a database has more to do at once than it can."""

from __future__ import annotations

import pytest
from psycopg import errors

from engine.strain import Strain

LANES = [("whale", 0), ("minnow", 0)]


@pytest.mark.parametrize(
    ("error", "kind"), [(errors.LockNotAvailable(), "lock wait"), (errors.QueryCanceled(), "time-out")]
)
def test_the_lane_that_waits_is_held_up_not_those_that_share_its_transaction(error: Exception, kind: str) -> None:
    strain = Strain()

    strain.feel(error, LANES)
    assert not strain

    strain.feel(error, LANES[:1])
    assert (strain.lanes, strain.kind) == ({("whale", 0)}, kind)


@pytest.mark.parametrize("error", [errors.DeadlockDetected(), errors.SerializationFailure()])
def test_a_deadlock_holds_up_the_whole_transaction(error: Exception) -> None:
    strain = Strain()

    strain.feel(error, LANES)

    assert (strain.lanes, strain.kind) == (set(LANES), "deadlock")


@pytest.mark.parametrize("error", [ValueError("of a handler"), errors.UniqueViolation(), errors.DataError()])
def test_a_faulty_event_is_no_strain(error: Exception) -> None:
    strain = Strain()

    strain.feel(error, LANES[:1])

    assert not strain


def test_a_lane_that_waits_twice_is_one_lane() -> None:
    strain = Strain()

    for _ in range(2):
        strain.feel(errors.LockNotAvailable(), LANES[:1])

    assert len(strain.lanes) == 1
