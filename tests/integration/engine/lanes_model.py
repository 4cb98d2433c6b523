"""A small model of the scripts in Python, which a state machine keeps beside the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from engine.lanes import Cost, LaneOutcome, Lanes
from tests.integration.engine.conftest import PREFIX, lease, let_expire, let_wait_end

TENANTS, LANES = ("whale", "minnow", "0-"), 3
DEPTH = 7  #: a deeper lane goes to spill mode
WAKE = "lanes"

Place = tuple[str, int]
place = st.tuples(st.sampled_from(TENANTS), st.integers(0, LANES - 1))


@dataclass
class Held:
    """A live lease."""

    lanes: list[tuple[str, int, int]]
    buffered: dict[Place, int]  #: lanes to be taken from PostgreSQL, and their epochs
    alone: bool  #: it was leased with one lane
    rated: dict[str, int]  #: events that used up their tenant's rate
    begun: bool = False
    expired: bool = False


class Model(RuleBasedStateMachine):
    """What the lanes should hold, kept beside what they do hold."""

    ids = Bundle("ids")  #: of bundles, also those that ended

    def __init__(self, lanes: Lanes, valkey: redis.Redis) -> None:
        super().__init__()
        self.lanes, self.valkey = lanes, valkey
        self.spilled: dict[Place, int] = {}  #: epochs of the lanes in spill mode
        self.epochs: dict[Place, int] = {}
        self.events: dict[Place, list[bytes]] = {(tenant, lane): [] for tenant in TENANTS for lane in range(LANES)}
        self.live: dict[str, Held] = {}
        self.waiting: set[Place] = set()
        self.suspects: dict[Place, int] = {}
        self.narrow: dict[Place, int] = {}
        self.attempts: dict[Place, int] = {}
        self.caps = dict.fromkeys(TENANTS, 0)
        self.paused: set[str] = set()
        self.limited: set[str] = set()  #: tenants with a rate
        self.used: set[str] = set()  #: those that used it up
        self.urgent: set[bytes] = set()  #: events
        self.hurried: set[Place] = set()  #: lanes that were given urgent events in spill mode
        self.serial = 0

    @initialize()
    def empty(self) -> None:
        self.valkey.flushdb()

    # What can happen

    @rule(groups=st.lists(st.tuples(place, st.integers(1, 5)), min_size=1, max_size=3), urgent=st.sets(place))
    def push(self, groups: list[tuple[Place, int]], urgent: set[Place]) -> None:
        """The first event for each lane among `urgent` is."""
        sent = [(at, [self._new() for _ in range(count)]) for at, count in groups]
        answers = self.lanes.push([(*at, lines) for at, lines in sent], dict.fromkeys(urgent, 1))
        for (at, lines), answer in zip(sent, answers, strict=True):
            if at not in self.spilled and len(self.events[at]) + len(lines) > DEPTH:
                self.spilled[at] = self.epochs.get(at, 0)
            if at in self.spilled:
                assert answer == -1 - self.spilled[at]
                self.hurried |= {at} & urgent
            else:
                self.events[at] += lines
                self.urgent |= {lines[0]} if at in urgent else set()
                assert answer == len(self.events[at])

    @rule(at=place, spill=st.booleans(), epoch=st.integers(0, 3))
    def tell(self, at: Place, spill: bool, epoch: int) -> None:
        """What PostgreSQL said of the lane, perhaps long ago."""
        self.lanes.tell_modes([(*at, spill, epoch)])
        if (epoch, spill) > (self.spilled.get(at, self.epochs.get(at, 0)), at in self.spilled):
            self.epochs[at] = epoch
            self.spilled.pop(at, None)
            if spill:
                self.spilled[at] = epoch
            else:
                self._calm(at)
            if not self._has_work(at) and at not in self._work(at[0]):
                self._emptied(at)

    @rule(target=ids)
    def lease(self) -> Any:
        """A worker pops the mark and leases; what expired or waited long enough comes back first."""
        self.valkey.lpop(WAKE)
        bundle = f"b{self._number()}"
        leased = lease(self.lanes, bundle)
        self._tidy()
        if not leased:
            assert not any(self._runnable(tenant) for tenant in TENANTS)
            return multiple()
        suspected = [at for *at, _ in leased if tuple(at) in self.suspects]
        assert len(leased) == 1 if suspected else True
        for tenant, lane, count in leased:
            assert (tenant, lane) in self._leasable(tenant)
            at = (tenant, lane)
            held = len(self.events[at]) or 8  # how many PostgreSQL has is not known
            assert 1 <= count <= min(self.narrow.get(at, 8), self.suspects.get(at, 8), held)
        empty = {(tenant, lane) for tenant, lane, _ in leased if not self.events[tenant, lane]}
        self.live[bundle] = Held(leased, {at: self.spilled[at] for at in empty}, len(leased) == 1, self._rated(leased))
        return bundle

    def _rated(self, leased: list[tuple[str, int, int]]) -> dict[str, int]:
        """One event in a thousand seconds is the rate."""
        rated = [(tenant, count) for tenant, _, count in leased if tenant in self.limited]
        assert all(count == 1 for _, count in rated)
        assert len({tenant for tenant, _ in rated} - self.used) == len(rated)
        self.used |= {tenant for tenant, _ in rated}
        return dict(rated)

    @rule(bundle=ids)
    def fetch(self, bundle: str) -> None:
        """The holder gets the head of its lanes; who lost the lease gets nothing."""
        fetched = self.lanes.fetch(bundle)
        held = self.live.get(bundle)
        if held is None:
            assert fetched is None
            return
        held.begun = True
        assert [(one.tenant, one.lane, one.tries, list(one.events), one.epoch) for one in fetched or []] == [
            self._fetched((tenant, lane), count, held) for tenant, lane, count in held.lanes
        ]

    def _fetched(self, at: Place, count: int, held: Held) -> tuple[Any, ...]:
        events = [] if at in held.buffered else self.events[at][:count]
        return (*at, self.attempts.get(at, 0), events, held.buffered.get(at))

    @rule(bundle=ids, data=st.data())
    def settle(self, bundle: str, data: st.DataObject) -> None:
        """Some lanes wholly done, some in part, some not at all, some not named."""
        held = self.live.pop(bundle, None)
        outcomes = []
        for tenant, lane, count in held.lanes if held else [("whale", 0, 1)]:
            if data.draw(st.booleans(), label="named") or held is None:
                buffered = held is not None and (tenant, lane) in held.buffered
                done = data.draw(st.integers(int(buffered), count), label="done")
                wait = data.draw(st.sampled_from([None, None, 60.0]), label="wait")
                spilled = done if buffered else 0
                outcomes.append(LaneOutcome(tenant, lane, done, wait, tried=bool(done % 2), spilled=spilled))
        spent = {one.tenant: Cost(0.001 * (1 + one.done), one.done) for one in outcomes}

        settled = self.lanes.settle(bundle, outcomes, spent)

        assert settled == (-1 if held is None else len(outcomes))
        for outcome in outcomes if held else []:
            self._settled(outcome)
        for tenant in held.rated if held else []:
            if not any(one.tenant == tenant and one.done for one in outcomes):
                self.used.discard(tenant)

    def _settled(self, outcome: LaneOutcome) -> None:
        at = (outcome.tenant, outcome.lane)
        self.events[at] = self.events[at][outcome.done - outcome.spilled :]
        if outcome.done and at in self.suspects:
            self.attempts.pop(at, None)
            self.suspects[at] -= outcome.done
            if self.suspects[at] <= 0:
                del self.suspects[at], self.narrow[at]
        if outcome.wait is not None and self._has_work(at):
            self.suspects[at] = self.narrow[at] = 1
            self.attempts[at] = self.attempts.get(at, 0) + outcome.tried
            self.waiting.add(at)
        elif not self._has_work(at):
            self._emptied(at)

    @rule(bundle=ids, blame=st.booleans(), wait=st.sampled_from([0.0, 60.0]))
    def release(self, bundle: str, blame: bool, wait: float) -> None:
        held = self.live.pop(bundle, None)
        assert self.lanes.release([bundle], blame=blame, wait=wait) == (1 if held else 0)
        if held:
            self._released(held, blame)
            if wait:
                self.waiting |= {(tenant, lane) for tenant, lane, _ in held.lanes if self._has_work((tenant, lane))}

    @rule(bundle=ids)
    def renew(self, bundle: str) -> None:
        lost = self.lanes.renew([bundle])
        assert lost == ([] if bundle in self.live else [bundle])
        if bundle in self.live:
            self.live[bundle].expired = False

    @rule(bundle=ids)
    def expire(self, bundle: str) -> None:
        """Its owner stopped renewing; the next lease or sweep takes over."""
        if bundle in self.live and not self.live[bundle].expired:
            let_expire(self.valkey, bundle)
            self.live[bundle].expired = True

    @rule(bundle=consumes(ids))
    def forget(self, bundle: str) -> None:
        """Keeps the examples short of ids that ended long ago."""
        if bundle in self.live:
            self._released(self.live.pop(bundle), blame=False)
            self.lanes.release([bundle], blame=False)

    @rule()
    def sweep(self) -> None:
        self.valkey.delete(WAKE)
        runnable = self.lanes.sweep(["default"])
        self._tidy()
        assert runnable == any(self._runnable(tenant) for tenant in TENANTS)

    @rule()
    def waits_end(self) -> None:
        let_wait_end(self.valkey)
        self.lanes.sweep(["default"])
        self.waiting.clear()
        self._tidy()

    @rule(
        tenant=st.sampled_from(TENANTS),
        weight=st.sampled_from([0.5, 1, 3]),
        cap=st.integers(0, 2),
        rate=st.sampled_from([0, 0, 0.001]),
        state=st.sampled_from(["active", "active", "paused"]),
    )
    def configure(self, tenant: str, weight: float, cap: int, rate: float, state: str) -> None:
        self.lanes.configure(tenant, weight, cap, "default", rate, state)
        self.caps[tenant] = cap
        (self.limited.add if rate else self.limited.discard)(tenant)
        self.used &= self.limited
        (self.paused.add if state == "paused" else self.paused.discard)(tenant)

    @rule(tenant=st.sampled_from(TENANTS), go_on=st.booleans())
    def abort(self, tenant: str, go_on: bool) -> None:
        """What a worker has fetched stays; what it has only leased is not its own any more."""
        before = self._total(tenant)
        in_hand = {(name, lane): count for held in self.live.values() if held.begun for name, lane, count in held.lanes}

        thrown, kept = self.lanes.abort(tenant, LANES)

        for at in [at for at in self.events if at[0] == tenant]:
            self._aborted(at, in_hand.get(at))
        assert thrown == before - self._total(tenant)
        assert {(tenant, lane): count for lane, count, _ in kept} == {
            at: count for at, count in in_hand.items() if at[0] == tenant
        }
        self.paused.add(tenant)
        if go_on:
            rate = 0.001 if tenant in self.limited else 0
            self.lanes.configure(tenant, 1, self.caps[tenant], "default", rate)
            self.paused.discard(tenant)

    def _aborted(self, at: Place, in_hand: int | None) -> None:
        self.waiting.discard(at)
        if in_hand is not None:
            held = next(held for held in self.live.values() if any((*at, in_hand) == lane for lane in held.lanes))
            self.events[at] = [] if at in held.buffered else self.events[at][:in_hand]
            self._calm(at)
            if at in self.suspects:
                self.suspects[at] = min(self.suspects[at], in_hand)
            return
        self.events[at] = []
        self._calm(at)
        for known in (self.suspects, self.narrow, self.attempts):
            known.pop(at, None)
        for held in self.live.values():
            held.lanes = [lane for lane in held.lanes if lane[:2] != at]

    @rule()
    def rates_allow_again(self) -> None:
        """A thousand seconds later."""
        for tenant in TENANTS:
            self.valkey.delete(f"{PREFIX}rate:{tenant}")
            self.valkey.zadd(PREFIX + "limited", {tenant: 1}, xx=True)
        self.lanes.sweep(["default"])
        self.used.clear()
        self._tidy()

    # What must always hold

    @invariant()
    def nothing_is_lost_doubled_or_moved(self) -> None:
        for (tenant, lane), lines in self.events.items():
            assert self.valkey.lrange(f"{PREFIX}t.{tenant}.{lane}", 0, -1) == lines
        depth = {tenant.decode(): int(count) for tenant, count in self._scores("depth").items()}
        assert depth == {tenant: total for tenant in TENANTS if (total := self._total(tenant))}

    @invariant()
    def each_lane_has_one_holder_or_is_ready_or_waits(self) -> None:
        for tenant in TENANTS:
            holders = {
                lane: bundle for bundle, held in self.live.items() for name, lane, _ in held.lanes if name == tenant
            }
            work = self.valkey.hgetall(f"{PREFIX}work:{tenant}")
            assert {int(lane): bundle.decode() for lane, bundle in work.items()} == holders
            ready = {int(lane) for lane in self.valkey.zrange(f"{PREFIX}ready:{tenant}", 0, -1)}
            assert ready == {lane for _, lane in self._leasable(tenant)}

    @invariant()
    def the_modes_are_known(self) -> None:
        for name, known in {"spill": self.spilled, "epochs": {at: n for at, n in self.epochs.items() if n}}.items():
            named = {place.decode(): int(epoch) for place, epoch in self.valkey.hgetall(PREFIX + name).items()}
            assert named == {f"{tenant}|{lane}": epoch for (tenant, lane), epoch in known.items()}

    @invariant()
    def a_tenant_is_in_the_ring_exactly_when_it_can_be_leased(self) -> None:
        ring, away = self._scores("ring:default"), self._scores("away:default")
        for tenant in TENANTS:
            runnable = self._runnable(tenant)
            waits = tenant not in self.paused and bool(self._leasable(tenant))
            busy = not runnable and bool(self._work(tenant) or waits)
            assert (tenant.encode() in ring, tenant.encode() in away) == (runnable, busy)
        if ring:
            assert self.valkey.llen(WAKE) == 1

    @invariant()
    def leases_and_suspicions_are_known(self) -> None:
        assert {bundle.decode() for bundle in self._scores("bundles")} == set(self.live)
        for name, known in {"suspects": self.suspects, "narrow": self.narrow}.items():
            named = {place.decode(): int(count) for place, count in self.valkey.hgetall(PREFIX + name).items()}
            assert named == {f"{tenant}|{lane}": count for (tenant, lane), count in known.items()}

    @invariant()
    def lanes_are_urgent_up_to_their_last_urgent_event(self) -> None:
        named = {place.decode(): int(count) for place, count in self.valkey.hgetall(PREFIX + "urgent").items()}
        for at, lines in self.events.items():
            last = max((n for n, line in enumerate(lines, 1) if line in self.urgent), default=None)
            told = named.pop(f"{at[0]}|{at[1]}", None)
            assert told == last if at not in self.hurried else told is not None and told > DEPTH
        assert not named

    # The model's own reckoning

    def _number(self) -> int:
        self.serial += 1
        return self.serial

    def _new(self) -> bytes:
        return b"event %d" % self._number()

    def _scores(self, name: str) -> dict[bytes, float]:
        return dict(self.valkey.zrange(PREFIX + name, 0, -1, withscores=True))

    def _total(self, tenant: str) -> int:
        return sum(len(self.events[tenant, lane]) for lane in range(LANES))

    def _work(self, tenant: str) -> set[Place]:
        return {(name, lane) for held in self.live.values() for name, lane, _ in held.lanes if name == tenant}

    def _has_work(self, at: Place) -> bool:
        return bool(self.events[at]) or at in self.spilled

    def _calm(self, at: Place) -> None:
        self.hurried.discard(at)
        self.urgent.difference_update(self.events[at])

    def _emptied(self, at: Place) -> None:
        self.waiting.discard(at)
        self._calm(at)
        for known in (self.suspects, self.narrow, self.attempts):
            known.pop(at, None)

    def _leasable(self, tenant: str) -> set[Place]:
        all_lanes = {at for at in self.events if at[0] == tenant and (self.events[at] or at in self.spilled)}
        return all_lanes - self._work(tenant) - self.waiting

    def _runnable(self, tenant: str) -> bool:
        cap = self.caps[tenant]
        if tenant in self.paused | self.used:
            return False
        return bool(self._leasable(tenant)) and (cap == 0 or len(self._work(tenant)) < cap)

    def _released(self, held: Held, blame: bool) -> None:
        for tenant, lane, count in held.lanes if blame and held.begun else []:
            at = (tenant, lane)
            self.suspects[at], self.narrow[at] = count, max(1, count // 10) if held.alone else count
            self.attempts[at] = self.attempts.get(at, 0) + (held.alone and count == 1)
        for tenant, lane, _ in held.lanes:
            if not self._has_work((tenant, lane)):
                self._emptied((tenant, lane))

    def _tidy(self) -> None:
        for bundle in [bundle for bundle, held in self.live.items() if held.expired]:
            self._released(self.live.pop(bundle), blame=True)
