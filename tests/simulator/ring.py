"""The scheduler of lua/ring.lua, lease.lua and settle.lua in Python, for one database.

Start-time fair queueing (Goyal, Vin, Cheng 1996) over tenants, charged by estimate at the lease and corrected
at settle. Left out, because they decide when a lane is ready and not whose turn it is: suspects, waits, spill mode,
expiry, marks. Numbers are rounded exactly where the scripts round them.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

#: As in ring.lua and lease.lua.
FIRST_SIZE, LEAST_SIZE = 256, 128
PROBE, MOST_TRUSTED, FORGET_SLOW = 1, 4, 0.01
FIRST_TYPICAL = 0.2
DEBTS_A_CALL = 1000

RUNNABLE, CAPPED, WORKING, IDLE = "runnable", "capped", "working", "idle"

#: Tenant, lane and events.
Taken = tuple[str, int, int]

#: Milliseconds in all, events, and milliseconds of deciding, of one tenant in one bundle.
Price = tuple[float, int, float]


class Share(NamedTuple):
    """What a tenant may use."""

    weight: float = 1.0
    cap: int = 0


class Limits(NamedTuple):
    """Of one bundle, as EngineConf has them."""

    events: int = 1000
    milliseconds: float = 80.0
    lanes: int = 256

    @property
    def turn(self) -> float:
        """Milliseconds for which a tenant takes lanes before it is the next one's turn."""
        return self.milliseconds / 16


class Held(NamedTuple):
    """A bundle that is leased."""

    lanes: Sequence[Taken]
    charges: Mapping[str, float]
    size: int
    left: bool  #: something was left for others


DEFAULT = Share()


def short(number: float) -> float:
    """As the scripts keep what they learn."""
    return float(f"{number:.6f}")


def average(old: float, newest: float, part: float) -> float:
    """Exponential."""
    return short(old + part * (newest - old))


def as_json(number: float) -> float:
    """As cjson writes a number."""
    return float(f"{number:.14g}")


class Ring:
    """Every container is named as its key in Redis, and is empty when that key would not exist."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - it cannot change
        self.limits = limits
        self.lanes: dict[str, dict[int, int]] = {}
        self.ready: dict[str, list[tuple[int, str]]] = {}
        self.work: dict[str, dict[int, str]] = {}
        self.shares: dict[str, Share] = {}
        self.ring: dict[str, float] = {}
        self.away: dict[str, float] = {}
        self.debt: dict[str, float] = {}
        self.cost: dict[str, float] = {}
        self.own: dict[str, float] = {}
        self.bundles: dict[str, Held] = {}
        self.clock = 0.0
        self._order: list[tuple[float, str]] = []  # of the ring; what is no longer true is passed over
        self._debts: list[tuple[float, str]] = []

    # What can be asked of it

    def push(self, groups: Iterable[Taken], now: int = 0) -> None:
        """Events arrive in lanes."""
        for tenant, lane, count in groups:
            before = self.standing(tenant)
            held = self.lanes.setdefault(tenant, {})
            new = not held.get(lane)
            held[lane] = held.get(lane, 0) + count
            if new and lane not in self.work.get(tenant, ()):
                self._make_ready(tenant, lane, now)
            if before != RUNNABLE:
                self._place(tenant, before, 0.0)

    def lease(self, bundle: str) -> list[Taken]:
        """The lanes whose turn it is."""
        typical, size = self.own.get("", FIRST_TYPICAL), int(self.own.get("#size", FIRST_SIZE))
        events, budget, lanes = min(self.limits.events, size), self.limits.milliseconds, self.limits.lanes
        taken: list[Taken] = []
        charges: dict[str, float] = {}
        while lanes > 0 and events > 0 and (budget > 0 or not taken):
            tenant = self.head()
            if tenant is None:
                break
            cost = self.cost.get(tenant, 0.0)
            if cost == 0 and tenant in charges:
                break
            own = self.own.get(tenant, -1.0)
            if own < 0:
                own = self._expected(tenant, typical)
            if taken and own > budget:
                break
            self.clock = max(self.clock, self.ring[tenant])
            turn, most = 0.0, events if cost else self._probe()
            cost = cost or own
            while True:
                lane = int(self.ready[tenant][0][1])
                count = min(self.lanes[tenant][lane], events, most)
                if own > 0:
                    count = min(count, max(1, math.floor(budget / own)))
                self._take(tenant, lane, bundle)
                charge = count * min(cost, own + self.limits.milliseconds / size)
                turn, most = turn + charge, most - count
                charges[tenant] = charges.get(tenant, 0.0) + charge
                taken.append((tenant, lane, count))
                events, budget, lanes = events - count, budget - count * own, lanes - 1
                if most == 0 or turn >= self.limits.turn or self.standing(tenant) != RUNNABLE:
                    break
                if lanes == 0 or events == 0 or budget <= 0 or own > budget:
                    break
            self._place(tenant, RUNNABLE, turn)
        if taken:
            rounded = {tenant: as_json(charge) for tenant, charge in charges.items()}
            self.bundles[bundle] = Held(taken, rounded, size, bool(self.ring))
            self._forget_debts()
        return taken

    def settle(self, bundle: str, done: Iterable[Taken], cost: Mapping[str, Price], now: int = 0) -> None:
        """What was done leaves its lanes; each tenant is charged what it cost. Lanes not named go back."""
        held = self.bundles.pop(bundle)
        tenants = list(dict.fromkeys(tenant for tenant, _, _ in held.lanes))
        before = {tenant: self.standing(tenant) for tenant in tenants}
        for tenant, lane, count in done:
            self._trim(tenant, lane, count)
            self._give_back(tenant, lane, bundle, now)
        for tenant, lane, _ in held.lanes:
            self._give_back(tenant, lane, bundle, now)
        for tenant in tenants:
            self._learn(tenant, cost.get(tenant))
            correction = cost[tenant][0] - held.charges[tenant] if tenant in cost else 0.0
            self._place(tenant, before[tenant], correction)
        self._resize(held, [cost[tenant] for tenant in tenants if tenant in cost])
        self._forget_debts()

    def release(self, bundle: str, now: int = 0) -> None:
        """The bundle ends with no outcome; what it was charged stays charged."""
        for tenant, lane, _ in self.bundles.pop(bundle).lanes:
            before = self.standing(tenant)
            self._give_back(tenant, lane, bundle, now)
            self._place(tenant, before, 0.0)

    def configure(self, tenant: str, weight: float, cap: int) -> None:
        """Another share from the next lease on; its time so far stands, debts too."""
        share = Share(float(f"{weight:g}"), cap)
        if share == self.shares.get(tenant, DEFAULT):
            return
        at = max(self.virtual_time(tenant), self.clock)
        self._leave(tenant)
        self.shares.pop(tenant, None)
        if share != DEFAULT:
            self.shares[tenant] = share
        self.away[tenant] = at
        self._place(tenant, RUNNABLE, 0.0)

    # What can be known of it

    def standing(self, tenant: str) -> str:
        """As ring.lua has it."""
        work = len(self.work.get(tenant, ()))
        if tenant in self.ready:
            cap = self.share(tenant).cap
            return RUNNABLE if cap == 0 or work < cap else CAPPED
        return WORKING if work else IDLE

    def share(self, tenant: str) -> Share:
        """What it may use."""
        return self.shares.get(tenant, DEFAULT)

    def virtual_time(self, tenant: str) -> float:
        """Its own, or the clock's when there is no trace of it."""
        for where in (self.ring, self.away, self.debt):
            if tenant in where:
                return where[tenant]
        return self.clock

    def head(self) -> str | None:
        """The tenant whose turn it is: the least virtual time, then the first name."""
        while self._order:
            at, tenant = self._order[0]
            if self.ring.get(tenant) == at:
                return tenant
            heapq.heappop(self._order)
        return None

    def traces(self) -> dict[str, int]:
        """What is kept beside the clock: for each name how much, empty when nothing ever waits or runs."""
        names = ("lanes", "ready", "work", "shares", "ring", "away", "debt", "cost", "own", "bundles")
        return {name: len(kept) for name in names if (kept := getattr(self, name))}

    # How it is done

    def charged(self, charge: float, share: Share) -> float:
        """By how much a charge in milliseconds moves a tenant of this share."""
        return charge / share.weight

    def _place(self, tenant: str, before: str, charge: float) -> None:
        at = self.virtual_time(tenant) + self.charged(charge, self.share(tenant))
        if before != RUNNABLE and at < self.clock:
            at = self.clock
        after = self.standing(tenant)
        if after == RUNNABLE and self.ring.get(tenant) == at:
            return
        self._leave(tenant)
        if after == RUNNABLE:
            self.ring[tenant] = at
            heapq.heappush(self._order, (at, tenant))
        elif after != IDLE:
            self.away[tenant] = at
        elif at > self.clock:
            self.debt[tenant] = at
            heapq.heappush(self._debts, (at, tenant))
        else:
            self._forget_cost(tenant)

    def _leave(self, tenant: str) -> None:
        for where in (self.ring, self.away, self.debt):
            where.pop(tenant, None)

    def _forget_cost(self, tenant: str) -> None:
        self.cost.pop(tenant, None)
        self.own.pop(tenant, None)

    def _forget_debts(self) -> None:
        if not self.ring and not self.away:
            last = max(self.debt.values(), default=0.0)
            if last > self.clock:
                self.clock = short(last)
            self.debt, self._debts, self.cost, self.own = {}, [], {}, {}
            return
        upto, paid = short(self.clock), 0
        while self._debts and self._debts[0][0] <= upto and paid < DEBTS_A_CALL:
            at, tenant = heapq.heappop(self._debts)
            if self.debt.get(tenant) == at:
                del self.debt[tenant]
                self._forget_cost(tenant)
                paid += 1

    def _make_ready(self, tenant: str, lane: int, now: int) -> None:
        heapq.heappush(self.ready.setdefault(tenant, []), (now, str(lane)))

    def _probe(self) -> int:
        slow = self.own.get("#slow")
        if not slow:
            return PROBE if slow is None else MOST_TRUSTED
        return max(PROBE, min(MOST_TRUSTED, math.floor(self.limits.turn / slow)))

    def _expected(self, tenant: str, typical: float) -> float:
        unmeasured = min(20.0, len(self.work.get(tenant, ())) / self.share(tenant).weight)
        return max(typical, min(self.limits.milliseconds, typical * 2.0**unmeasured))

    def _take(self, tenant: str, lane: int, bundle: str) -> None:
        ready = self.ready[tenant]
        heapq.heappop(ready)
        if not ready:
            del self.ready[tenant]
        self.work.setdefault(tenant, {})[lane] = bundle

    def _trim(self, tenant: str, lane: int, count: int) -> None:
        held = self.lanes[tenant]
        held[lane] -= count
        if not held[lane]:
            del held[lane]
            if not held:
                del self.lanes[tenant]

    def _give_back(self, tenant: str, lane: int, bundle: str, now: int) -> None:
        work = self.work.get(tenant, {})
        if work.get(lane) != bundle:
            return
        del work[lane]
        if not work:
            del self.work[tenant]
        if lane in self.lanes.get(tenant, ()):
            self._make_ready(tenant, lane, now)

    def _learn(self, tenant: str, price: Price | None) -> None:
        if price and price[1] > 0:
            each, own = price[0] / price[1], price[2] / price[1]
            if tenant not in self.own:
                self.own[""] = average(self.own.get("", FIRST_TYPICAL), own, 0.1)
                self.own["#slow"] = short(max(own, self.own.get("#slow", 0.0) * (1 - FORGET_SLOW)))
            self.own[tenant] = average(self.own.get(tenant, own), own, 0.3)
            self.cost[tenant] = average(self.cost.get(tenant, each), each, 0.3)

    def _resize(self, held: Held, prices: Sequence[Price]) -> None:
        shared, size = 0.0, held.size
        for total, _, own in prices:
            shared = shared + total - own
        if shared > 2 * self.limits.milliseconds or (not held.left and size > LEAST_SIZE):
            self.own["#size"] = max(min(size, LEAST_SIZE), size // 2)
        elif shared < self.limits.milliseconds and sum(events for _, events, _ in prices) >= 0.8 * size:
            self.own["#size"] = min(self.limits.events, math.ceil(size * 5 / 4))
