"""How a bundle that failed is cut: in halves, nothing lost, order kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.enqueue import TASK_TYPE
from engine.executor import Report, _charge, _halves, _is_ordinary, _is_single
from engine.lanes import Cost, FetchedLane
from engine.lanework import LaneWork, lane_work
from engine.types import Unreadable
from tests.events import event, raw

Flat = list[tuple[str, int, bytes]]


def work(lane: int, count: int, tries: int = 0) -> LaneWork:
    return lane_work(FetchedLane("whale", lane, tries, raw("whale", f"lead{lane}", count)), [])


def flat(works: list[LaneWork]) -> Flat:
    return [(one.tenant, one.lane, line) for one in works for line in one.raw]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9).filter(lambda sizes: sum(sizes) > 1))
def test_halves_keep_everything_in_order(sizes: list[int]) -> None:
    works = [work(lane, size) for lane, size in enumerate(sizes)]

    first, second = _halves(works)

    assert first and second
    assert flat([*first, *second]) == flat(works)
    assert all([event.id for event in one.events] == [_id(line) for line in one.raw] for one in first)


def _id(line: bytes) -> str:
    return line.split(b'"')[3].decode()


@given(st.integers(2, 300))
def test_cutting_ends_at_single_events(count: int) -> None:
    pending, steps, singles = [[work(0, count)]], 0, []
    while pending:
        steps += 1
        works = pending.pop(0)
        if _is_single(works):
            singles += works
        else:
            pending[:0] = _halves(works)

    assert [one.events[0].id for one in singles] == [f"lead0-{n}" for n in range(count)]
    assert steps == 2 * count - 1


@given(st.integers(2, 50))
def test_only_the_first_event_was_tried_before(count: int) -> None:
    first, second = _halves([work(0, count, tries=2)])

    assert (first[0].tries, second[0].tries) == (2, 0)


def test_a_lane_goes_alone_with_bytes_that_are_no_event_a_task_or_too_many_tries() -> None:
    assert _is_ordinary(work(0, 3), max_attempts=3)
    assert _is_ordinary(work(0, 3, tries=2), max_attempts=3)
    assert not _is_ordinary(work(0, 3, tries=3), max_attempts=3)
    assert not _is_ordinary(lane_work(FetchedLane("whale", 0, 0, [b"?"]), []), max_attempts=3)
    task = LaneWork("whale", 0, 0, [event("whale", "ada", "1", TASK_TYPE)], [b""])
    assert not _is_ordinary(task, max_attempts=3)


def test_unreadable_bytes_stay_as_they_came() -> None:
    (kept,) = lane_work(FetchedLane("whale", 0, 0, [b"\x00\xff"]), []).events

    assert isinstance(kept, Unreadable)
    assert (kept.raw, kept.error[:12]) == (b"\x00\xff", "not an event")


def test_each_tenant_pays_its_own_time_and_its_share_of_the_rest() -> None:
    report = Report()
    minnow = LaneWork("minnow", 0, 0, [event("minnow", "ada", "1")], [b""])

    _charge(report, [work(0, 2), work(1, 1), minnow], {"whale": 0.3, "minnow": 0.1}, 0.8)

    assert report.cost() == {
        "whale": Cost(pytest.approx(0.6), 3, 0.3),
        "minnow": Cost(pytest.approx(0.2), 1, 0.1),
    }


def test_a_handler_that_claims_more_time_than_passed_is_not_paid_back() -> None:
    report = Report()

    _charge(report, [work(0, 2)], {"whale": 9.0}, 0.5)

    assert report.cost() == {"whale": Cost(9.0, 2, 9.0)}
