"""When burying stops, for whom, for how long a lane waits then, and what ends it."""

from __future__ import annotations

import pytest

from engine.breaker import LONGEST_PAUSE, MOST_TENANTS, Breaker

FAULT = ValueError("no such column")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def breaker(clock: Clock, told: list[str]) -> Breaker:
    return Breaker(3, tell=told.append, clock=clock)


def fail(breaker: Breaker, *places: tuple[str, int]) -> list[float | None]:
    return [breaker.failed(tenant, lane, FAULT) for tenant, lane in places]


def test_one_lane_of_bad_events_is_buried_to_its_end(breaker: Breaker, told: list[str]) -> None:
    assert set(fail(breaker, *[("whale", 0)] * 100)) == {None}
    assert told == []


def test_a_tenant_whose_lanes_all_fail_is_not_buried_and_nobody_else_is_concerned(breaker: Breaker) -> None:
    assert fail(breaker, *[("whale", lane) for lane in range(5)]) == [None, None, None, 1.0, 1.0]
    assert breaker.words() == "all events of whale fail: ValueError: no such column"
    assert fail(breaker, ("minnow", 0)) == [None]


def test_a_process_that_sees_few_lanes_because_others_set_them_aside_counts_their_events(breaker: Breaker) -> None:
    assert set(fail(breaker, *[("whale", 0), ("whale", 1)] * 10)) == {None}, "two lanes may be two bad leads"
    assert fail(breaker, ("whale", 2), ("minnow", 0)) == [1.0, None]


def test_it_counts_events_of_two_lanes_when_another_process_buries_nothing(clock: Clock) -> None:
    others: list[bool] = []
    breaker = Breaker(3, others=lambda: bool(others), clock=clock)

    assert set(fail(breaker, *[("whale", 0), ("minnow", 0)] * 10)) == {None}
    others.append(True)
    assert fail(breaker, ("whale", 1)) == [1.0], "six events before this one"
    breaker.succeeded(["minnow"])
    assert set(fail(breaker, *[("minnow", 0)] * 6)) == {None}, "since its last success"
    assert fail(breaker, ("minnow", 0)) == [1.0]


def test_when_every_tenant_fails_none_is_buried(breaker: Breaker, told: list[str]) -> None:
    assert fail(breaker, *[(f"t{n}", 0) for n in range(5)]) == [None, None, None, 1.0, 1.0]
    assert told[-1] == "every tenant's events fail: ValueError: no such column"


def test_a_success_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    for lane in range(20):
        assert fail(breaker, ("whale", lane)) == [None]
        breaker.succeeded(["whale"])


def test_successes_of_others_do_not_make_a_tenants_fault_its_events(breaker: Breaker) -> None:
    pauses = []
    for lane in range(5):
        pauses += fail(breaker, ("whale", lane))
        breaker.succeeded(["minnow"])

    assert pauses == [None, None, None, 1.0, 1.0]


def test_the_pause_grows_while_it_is_open_up_to_half_a_minute(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, *[("whale", lane) for lane in range(4)])
    pauses = []
    for _ in range(7):
        pauses += fail(breaker, ("whale", 0))
        clock.now += pauses[-1] or 0

    assert pauses == [1.0, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE]


def test_a_success_of_the_tenant_closes_it(breaker: Breaker, told: list[str]) -> None:
    fail(breaker, *[("whale", lane) for lane in range(4)])

    breaker.succeeded(["minnow"])
    assert fail(breaker, ("whale", 9)) == [1.0]
    breaker.succeeded(["minnow", "whale"])

    assert told[-1] == ""
    assert fail(breaker, ("whale", 9)) == [None]


def test_any_success_closes_what_was_open_for_all(breaker: Breaker, told: list[str]) -> None:
    fail(breaker, *[(f"t{n}", 0) for n in range(5)])

    breaker.succeeded(["minnow"])

    assert told[-1] == ""
    assert fail(breaker, ("t0", 0)) == [None]


def test_it_remembers_no_more_tenants_than_it_may(breaker: Breaker) -> None:
    for n in range(2 * MOST_TENANTS):
        fail(breaker, (f"t{n}", 0))

    assert len(breaker._of) == MOST_TENANTS
