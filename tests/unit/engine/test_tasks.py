"""How Celery's words become the engine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.executor import Report
from engine.lanes import LaneOutcome
from engine.tasks import Ran, _seconds_until


@pytest.mark.parametrize(("when", "seconds"), [(None, 0), (2, 2), (0.5, 0.5)])
def test_a_countdown_is_seconds(when: float | None, seconds: float) -> None:
    assert _seconds_until(when) == seconds


def test_an_eta_is_the_seconds_until_then() -> None:
    assert _seconds_until(datetime.now(UTC) + timedelta(minutes=1)) == pytest.approx(60, abs=5)
    assert _seconds_until(datetime.now() + timedelta(minutes=1)) == pytest.approx(60, abs=5)


def test_an_outcome_in_words() -> None:
    report = Report({("whale", 0): LaneOutcome("whale", 0, 3), ("minnow", 1): LaneOutcome("minnow", 1, 1)}, dead=1)

    ran = Ran()
    ran.count(report, 2)
    assert ran.in_words(0.0123) == "4 events of 2 lanes in 12 ms, 1 dead letters"
    ran.count(report, -1)
    assert ran.in_words(0.02) == (
        "8 events of 4 lanes in 20 ms, 2 bundles, 2 dead letters; lease was lost, the ledger keeps it once"
    )
