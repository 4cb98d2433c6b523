"""Waits for a time left to chance."""

from __future__ import annotations

from datetime import datetime

import pytest

from campaigns.language.lead import LeadState
from tests.unit.campaigns.acme import NOW, campaign, event, lead, pass_time, rulebook, run, step

MINUTES = {"amount": 5, "unit": "minutes"}


def wakes_at(who: LeadState) -> datetime | None:
    (parked,) = who.runs.values()
    return parked.wake_at


def delay(distribution: str, place: int) -> float:
    longest = {"amount": 65, "unit": "minutes"}
    book = rulebook(campaign(step("random_delay", min=MINUTES, max=longest, distribution=distribution)))
    who = lead()
    run(book, who, event(id=f"e{place}"))
    found = wakes_at(who)
    assert found is not None
    again = lead()
    run(book, again, event(id=f"e{place}"))
    assert wakes_at(again) == found
    return (found - NOW).total_seconds() / 60


@pytest.mark.parametrize(("distribution", "mean"), [("uniform", 35), ("middle", 35), ("early", 25)])
def test_a_random_time_is_between_the_two_and_the_same_again(distribution: str, mean: int) -> None:
    found = [delay(distribution, place) for place in range(300)]
    assert all(5 <= minutes <= 65 for minutes in found)
    assert abs(sum(found) / len(found) - mean) < 4
    far = sum(abs(minutes - 35) > 24 for minutes in found)
    assert (far < 15) is (distribution == "middle")


def test_a_random_time_is_another_at_another_step_and_another_time() -> None:
    looped = campaign(
        step("random_delay", "a", min=MINUTES, max={"amount": 1, "unit": "years"}),
        step("random_delay", "b", min=MINUTES, max={"amount": 1, "unit": "years"}),
        step("jump_to", "again", step="a", max_jumps=1),
    )
    book, who, now, lengths = rulebook(looped), lead(), NOW, []
    run(book, who, event())
    while who.runs:
        until = wakes_at(who)
        assert until is not None
        lengths.append(until - now)
        now = until
        pass_time(book, who, now)
    assert len(set(lengths)) == len(lengths) == 4
