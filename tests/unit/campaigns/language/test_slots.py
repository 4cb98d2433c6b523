"""Slots: never more than the rate and the burst allow, none left out, in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from campaigns.language.slots import UNTOUCHED, SlotRequest, note_slot, take_slots

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def asking(count: int, *, burst: int = 1, waits: bool = True, every: timedelta = SECOND) -> list[SlotRequest]:
    return [SlotRequest("sms", every, burst, waits)] * count


def seconds(slots: list[datetime | None]) -> list[float | None]:
    return [None if slot is None else (slot - NOW).total_seconds() for slot in slots]


def test_one_goes_at_once_and_the_others_one_after_the_other() -> None:
    assert seconds(take_slots(UNTOUCHED, NOW, asking(3))[0]) == [0, 1, 2]


def test_a_burst_goes_at_once_after_a_rest() -> None:
    slots, moment = take_slots(UNTOUCHED, NOW, asking(5, burst=3))
    assert seconds(slots) == [0, 0, 0, 1, 2]
    assert seconds(take_slots(moment, NOW + 2 * SECOND, asking(2, burst=3))[0]) == [3, 4]
    assert seconds(take_slots(moment, NOW + 60 * SECOND, asking(4, burst=3))[0]) == [60, 60, 60, 61]


def test_who_does_not_wait_is_refused_and_takes_nothing() -> None:
    slots, moment = take_slots(UNTOUCHED, NOW, asking(2) + asking(2, waits=False) + asking(1))
    assert seconds(slots) == [0, 1, None, None, 2]
    assert moment == NOW + 3 * SECOND


def test_a_refused_burst_is_what_is_left_of_it() -> None:
    assert seconds(take_slots(UNTOUCHED, NOW, asking(4, burst=3, waits=False))[0]) == [0, 0, 0, None]


def test_what_a_step_got_is_noted_beside_what_it_keeps() -> None:
    state = {"type": "x", "memories": {"a": {"n": 1}, "b": {"m": 2}}}
    assert note_slot(state, "a", None)["memories"] == {"a": {"n": 1, "slot": "refused"}, "b": {"m": 2}}
    assert state["memories"] == {"a": {"n": 1}, "b": {"m": 2}}


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.booleans()), min_size=1, max_size=20),
    st.integers(1, 6),
    st.integers(1, 5),
)
def test_no_span_of_time_has_more_slots_than_its_length_and_a_burst(
    asks: list[tuple[int, int, bool]], burst: int, every: int
) -> None:
    now, moment, taken = NOW, UNTOUCHED, []
    for later, count, waits in asks:
        now += later * SECOND
        slots, moment = take_slots(moment, now, asking(count, burst=burst, waits=waits, every=every * SECOND))
        assert all(slot is None or slot >= now for slot in slots)
        assert not (waits and None in slots)
        taken += [slot for slot in slots if slot is not None]
    assert all(first <= second for first, second in pairwise(taken))
    for place, first in enumerate(taken):
        for more, last in enumerate(taken[place:], 1):
            assert more <= burst + (last - first) / (every * SECOND)
