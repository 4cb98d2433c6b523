"""The buffer against a small model in Python: modes, epochs, numbers and what a holder finds, whatever happens in
whatever order. (Redis's side of the modes is in test_lanes_model.py, both together in test_spill_interleavings.py.)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from engine import spill
from engine.answers import Mode
from engine.spill import Answer, InHand, Order
from engine.types import Event, decode
from tests.acceptance.harness import register
from tests.events import event

LANES = 3
LIMIT = 6  #: events of a lane in the buffer

_numbers = itertools.count()

lane = st.integers(0, LANES - 1)
late = st.sampled_from([0, 0, 0, -1, 1])  #: epochs away from the true one


@dataclass
class Lane:
    """What PostgreSQL should know of a lane."""

    epoch: int = 0
    spill: bool = False
    blind: bool = False
    last: int = 0
    held: list[tuple[int, str]] = field(default_factory=list)  #: number and event id, oldest first

    def take(self, ids: list[str], *, blind: bool) -> None:
        """New events, behind the others."""
        self.held += [(self.last + place, id) for place, id in enumerate(ids, start=1)]
        self.last += len(ids)
        self.spill, self.blind = True, self.blind or blind


class Buffer(RuleBasedStateMachine):
    """What the buffer should hold, kept beside what it does hold."""

    def __init__(self, worker: psycopg.Connection) -> None:
        super().__init__()
        self.worker = worker
        self.lanes: dict[tuple[str, int], Lane] = {}

    @initialize()
    def begin(self) -> None:
        number = next(_numbers)
        self.tenants = [f"whale{number}", f"minnow{number}"]
        register(*self.tenants)

    def _tenant(self, who: int) -> str:
        return self.tenants[who]

    def _lane(self, tenant: str, number: int) -> Lane:
        return self.lanes.setdefault((tenant, number), Lane())

    def _mode(self, tenant: str, number: int) -> Mode:
        one = self._lane(tenant, number)
        return tenant, number, one.spill, one.epoch

    # What can happen

    @rule(who=st.integers(0, 1), wanted=st.dictionaries(lane, st.tuples(st.integers(1, 4), late), min_size=1))
    def accept(self, who: int, wanted: dict[int, tuple[int, int]]) -> None:
        """A producer was told to spill, at this epoch or another."""
        tenant = self._tenant(who)
        orders = [
            Order(number, self._events(tenant, count), self._lane(tenant, number).epoch + away)
            for number, (count, away) in wanted.items()
        ]
        stale = [order for order in orders if wanted[order.lane][1]]
        self._accepted(tenant, spill.accept(tenant, orders, LIMIT), orders, stale)

    @rule(who=st.integers(0, 1), wanted=st.dictionaries(lane, st.integers(1, 4), min_size=1))
    def accept_blindly(self, who: int, wanted: dict[int, int]) -> None:
        """Redis did not answer: whatever the lane is at."""
        tenant = self._tenant(who)
        orders = [Order(number, self._events(tenant, count)) for number, count in wanted.items()]
        self._accepted(tenant, spill.accept(tenant, orders, LIMIT), orders, [])

    def _accepted(self, tenant: str, answer: Answer, orders: list[Order], stale: list[Order]) -> None:
        fresh = [order for order in orders if order not in stale]
        full = [one for one in fresh if len(self._lane(tenant, one.lane).held) + len(one.events) > LIMIT]
        assert (answer.stale, answer.full) == (stale, full)
        for order in fresh:
            if order not in full:
                self._lane(tenant, order.lane).take([one.id for one in order.events], blind=order.epoch is None)
        assert sorted(answer.modes) == sorted(self._mode(tenant, one.lane) for one in orders if one not in full)

    @rule(who=st.integers(0, 1), number=lane, count=st.integers(1, 8), away=late, done=st.integers(0, 8))
    def work(self, who: int, number: int, count: int, away: int, done: int) -> None:
        """A holder reads at the epoch of its lease, and takes out what it executed."""
        tenant = self._tenant(who)
        one = self._lane(tenant, number)
        found = spill.next_events(self.worker, [(tenant, number, one.epoch + away, count)])[tenant, number]

        assert [(each.number, decode(each.raw, tenant).id) for each in found] == ([] if away else one.held[:count])
        gone = found[:done]
        spill.remove(self.worker, [(tenant, number, each.number) for each in gone])
        del one.held[: len(gone)]

    @rule(who=st.integers(0, 1), numbers=st.sets(lane, min_size=1))
    def close(self, who: int, numbers: set[int]) -> None:
        """A holder found fewer than it asked for; the epoch rises also where nothing was ever written."""
        tenant = self._tenant(who)
        modes = spill.close_drained(self.worker, [(tenant, number) for number in sorted(numbers)])

        for one in (self._lane(tenant, number) for number in numbers):
            if not one.held:
                one.epoch, one.spill, one.blind = one.epoch + 1, False, False
        assert sorted(modes) == sorted(self._mode(tenant, number) for number in numbers)

    @rule(who=st.integers(0, 1))
    def abort(self, who: int) -> None:
        """Nothing of it is seen any more, the rows may stay for a while."""
        tenant = self._tenant(who)
        assert spill.throw_away(tenant, []) == self._forget(tenant, {})

    @rule(who=st.integers(0, 1), number=lane, count=st.integers(1, 4))
    def abort_but_what_is_in_hand(self, who: int, number: int, count: int) -> None:
        """The first so many of a lane are being executed, and none was aborted before that is still there."""
        tenant = self._tenant(who)
        self.remove_aborted()
        kept = {number: count}
        assert spill.throw_away(tenant, [InHand(number, count, buffered=True)]) == self._forget(tenant, kept)

    def _forget(self, tenant: str, kept: dict[int, int]) -> int:
        gone = 0
        for (name, number), one in self.lanes.items():
            if name == tenant:
                gone += max(0, len(one.held) - kept.get(number, 0))
                del one.held[kept.get(number, 0) :]
        return gone

    @rule()
    def remove_aborted(self) -> None:
        """Maintenance."""
        while spill.remove_aborted(self.worker, batch=3):
            continue

    # What must always hold

    @invariant()
    def every_lane_holds_what_it_should(self) -> None:
        wanted = [(tenant, number, one.epoch, 100) for (tenant, number), one in self.lanes.items()]
        found = spill.next_events(self.worker, wanted)
        assert {place: [each.number for each in events] for place, events in found.items()} == {
            place: [number for number, _ in one.held] for place, one in self.lanes.items()
        }
        for tenant in {tenant for tenant, _ in self.lanes}:
            of_tenant = [len(one.held) for (name, _), one in self.lanes.items() if name == tenant]
            assert spill.count_held(tenant) == sum(of_tenant)

    @invariant()
    def the_modes_are_known(self) -> None:
        in_spill = {(*place, True, one.epoch): one.blind for place, one in self.lanes.items() if one.spill}
        for blind in (False, True):
            told = [mode for modes in spill.modes_in_spill(self.worker, blind=blind, batch=2) for mode in modes]
            ours = {mode for mode in told if (mode[0], mode[1]) in self.lanes}
            assert ours == {mode for mode, is_blind in in_spill.items() if is_blind or not blind}
        blind_lanes = {place: one.epoch for place, one in self.lanes.items() if one.blind}
        assert spill.blind_lanes(self.worker, list(self.lanes)) == blind_lanes

    def _events(self, tenant: str, count: int) -> list[Event]:
        return [event(tenant, "ada", f"ada-{next(_numbers)}") for _ in range(count)]


@pytest.mark.usefixtures("clean")
def test_the_buffer_agrees_with_the_model(watch: psycopg.Connection) -> None:
    run_state_machine_as_test(
        lambda: Buffer(watch),
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
