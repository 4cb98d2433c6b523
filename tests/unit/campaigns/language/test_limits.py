"""At which counts of an hour a campaign is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.language.limits import USUAL, Limits
from tests.unit.campaigns.acme import campaign, faults, step

NOTE = step("add_note", text="hello")


@pytest.mark.parametrize(
    ("limits", "counts", "stops"),
    [
        (USUAL, (10**9, 0, 9), False),
        (USUAL, (10**9, 0, 10), True),
        (USUAL, (99, 99, 0), False),
        (USUAL, (200, 100, 0), True),
        (USUAL, (201, 100, 0), False),
        (Limits(runs=5), (5, 0, 0), False),
        (Limits(runs=5), (6, 0, 0), True),
        (Limits(failures=1), (10_000, 100, 0), True),
    ],
)
def test_a_limit_is_passed_or_not(limits: Limits, counts: tuple[int, int, int], stops: bool) -> None:
    assert (limits.passed(*counts) is not None) == stops


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("much", "limits: expected an object"),
        ({"runs": 0}, "limits.runs: expected a whole number from 1"),
        ({"failures": 101}, "limits.failures: expected a whole number from 1 to 100"),
        ({"mails": 3}, "limits.mails: has no meaning here"),
    ],
)
def test_a_fault_is_named(raw: Any, fault: str) -> None:
    assert faults(campaign(NOTE, limits=raw))[0].startswith(fault)
