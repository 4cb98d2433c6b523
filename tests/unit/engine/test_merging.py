"""Blindly spilled events and those in Redis: each lead's in order, those in Redis from the head."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.lanework import Row, _merge
from engine.types import Event, Unreadable
from tests.events import NOON, event

LEADS = "abc"

#: A lead and the side that took its event; the list is the order of acceptance.
taken = st.lists(st.tuples(st.sampled_from(LEADS), st.booleans()), max_size=30)


def rows(accepted: list[tuple[str, bool]], skew: dict[str, int]) -> tuple[list[Row], list[Row]]:
    """In Redis and in PostgreSQL; each lead has a clock of its own."""
    here: list[Row] = []
    there: list[Row] = []
    for n, (lead, spilled) in enumerate(accepted):
        one = event("whale", lead, str(n), at=NOON + timedelta(seconds=n + skew[lead]))
        side = there if spilled else here
        side.append(Row(one, b"", n if spilled else None))
    return here, there


def numbers(merged: list[Row], lead: str = LEADS) -> list[int]:
    return [int(row.event.id) for row in merged if isinstance(row.event, Event) and row.event.lead in lead]


@given(taken, st.fixed_dictionaries({lead: st.integers(-9, 9) for lead in LEADS}))
def test_each_lead_keeps_its_order_whatever_the_clocks_of_others(
    accepted: list[tuple[str, bool]], skew: dict[str, int]
) -> None:
    here, there = rows(accepted, skew)

    merged = _merge(here, there, more_there=False) if here and there else here or there

    assert [row for row in merged if row.number is None] == here
    for lead in LEADS:
        mine = numbers(merged, lead)
        assert mine == sorted(mine)
        missing = set(numbers(there, lead)) - set(mine)
        assert not missing or min(missing) > max(numbers(here, lead), default=-1)


@given(taken, st.integers(1, 8), st.integers(1, 8))
def test_parts_of_both_sides_come_out_in_order_to_the_end(
    accepted: list[tuple[str, bool]], first: int, second: int
) -> None:
    """Each bundle sees so many of each; clocks agree."""
    here, there = rows(accepted, dict.fromkeys(LEADS, 0))
    done: list[Row] = []
    while here or there:
        seen = here[:first], there[:second]
        merged = _merge(*seen, more_there=len(there) > second) if all(seen) else seen[0] or seen[1]
        assert merged
        assert [row for row in merged if row.number is None] == here[: sum(row.number is None for row in merged)]
        done += merged
        here, there = ([row for row in side if row not in merged] for side in (here, there))

    assert len(done) == len(accepted)
    for lead in LEADS:
        assert numbers(done, lead) == sorted(numbers(done, lead))


def test_it_goes_on_though_clocks_contradict_each_other() -> None:
    old, young = event("whale", "a", "0", at=NOON), event("whale", "b", "1", at=NOON + timedelta(seconds=9))
    late = event("whale", "a", "2", at=NOON + timedelta(seconds=1))
    here, there = [Row(young, b"", None), Row(old, b"", None)], [Row(late, b"", 1)]

    assert _merge(here, there, more_there=True) == here[:1]
    assert _merge(here[1:], there, more_there=True) == here[1:]


def test_what_cannot_be_read_is_in_nobodys_way() -> None:
    here = [Row(Unreadable(b"?", "no event"), b"?", None), Row(event("whale", "a", "1"), b"", None)]
    there = [Row(Unreadable(b"!", "no event"), b"!", 1), Row(event("whale", "a", "0", at=NOON - timedelta(1)), b"", 2)]

    assert [row.number for row in _merge(here, there, more_there=False)] == [None, 2, None]
