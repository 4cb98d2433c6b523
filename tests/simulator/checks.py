"""What must hold of a run, whatever was drawn; each check says what broke it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tests.simulator.ring import Ring, Taken
from tests.simulator.workers import Job, Watcher


class Check(Watcher):
    """Collects what was found; empty is good."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def say(self, fault: str) -> None:
        """The first few are enough."""
        if len(self.faults) < 5:
            self.faults.append(fault)


class FairnessBound(Check):
    """The bound of start-time fair queueing, for each two of the tenants that always have a lane to lease.

    Goyal, Vin and Cheng (1996), theorem 1: in any interval in which f and m both have work, what they get differs
    by |W_f/w_f - W_m/w_m| <= l_f/w_f + l_m/w_m, with l the longest single piece of work. Here several bundles run
    at once and are charged by estimate until they settle. So the virtual time of f is (A_f - e_f)/w_f, where A_f is
    what its leased work costs and e_f the error of what is not settled yet, between -C_f (everything charged and
    not settled) and O_f (what that costs). As f is chosen only while its virtual time is the least, and takes no lane
    more once it was charged q in this turn, A_f/w_f never gets further ahead of A_m/w_m than
    (l_f + q + O_f)/w_f + C_m/w_m, hence over any interval

        |W_f/w_f - W_m/w_m| <= (l_f + q + O_f + C_f)/w_f + (l_m + q + O_m + C_m)/w_m

    which is Goyal's bound where one bundle of one lane runs at a time, estimates are right and q is 0. W is work by
    the time it was leased, in milliseconds. O, C and l are the largest seen.
    """

    def __init__(self, ring: Ring, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.ring, self.weights = ring, weights
        self.got = dict.fromkeys(weights, 0.0)  #: A/w
        self.ahead: dict[tuple[str, str], float] = defaultdict(float)  #: the furthest A_f/w_f was ahead of A_m/w_m
        self.longest = dict.fromkeys(weights, 0.0)
        self._charges: dict[str, Mapping[str, float]] = {}
        self._open = {tenant: [0.0, 0.0] for tenant in weights}  # what runs now: its cost, its charges
        self._most = {tenant: [0.0, 0.0] for tenant in weights}

    def leased(self, now: float, job: Job) -> None:
        """Lane by lane, in the order in which they were chosen."""
        self._charges[job.bundle] = self.ring.bundles[job.bundle].charges
        self._count(job, 1)
        for (tenant, _, _), ms in zip(job.lanes, job.lane_ms, strict=True):
            if tenant in self.got:
                self._get(tenant, ms)

    def settled(self, now: float, job: Job) -> None:
        """What ran is known now."""
        self._count(job, -1)
        del self._charges[job.bundle]

    def _count(self, job: Job, sign: int) -> None:
        for tenant, (ms, _, _) in job.cost.items():
            if tenant in self.got:
                for at, change in enumerate((ms, self._charges[job.bundle][tenant])):
                    self._open[tenant][at] += sign * change
                    self._most[tenant][at] = max(self._most[tenant][at], self._open[tenant][at])

    def _get(self, tenant: str, ms: float) -> None:
        self.longest[tenant] = max(self.longest[tenant], ms)
        self.got[tenant] += ms / self.weights[tenant]
        for other, got in self.got.items():
            if self.got[tenant] - got > self.ahead[tenant, other]:
                self.ahead[tenant, other] = self.got[tenant] - got

    def slack(self, tenant: str) -> float:
        """Its part of the bound."""
        return (self.longest[tenant] + self.ring.limits.turn + sum(self._most[tenant])) / self.weights[tenant]

    def tightest(self) -> float:
        """The largest difference, over what the bound allows it. Says where it is more than 1."""
        worst = 0.0
        for f in self.got:
            for m in self.got:
                seen, bound = self.ahead[f, m] + self.ahead[m, f], self.slack(f) + self.slack(m)
                worst = max(worst, seen / bound if bound else 0.0)
                if seen > bound * (1 + 1e-9):
                    self.say(f"{f} and {m} differ by {seen:.1f} ms of work by weight, the bound is {bound:.1f}")
        return worst


class AlwaysReady(Check):
    """Tenants that are meant to have work always do: else the bound says nothing of them."""

    def __init__(self, ring: Ring, tenants: Sequence[str]) -> None:
        super().__init__()
        self.ring, self.tenants = ring, tenants

    def leased(self, now: float, job: Job) -> None:
        """Only who was leased can have run out of lanes."""
        for tenant in job.cost:
            if tenant in self.tenants and tenant not in self.ring.ring:
                self.say(f"{tenant} had no lane to lease at {now:.0f} ms")


class NobodyIdles(Check):
    """Work conservation: no worker is idle while there is a lane that may be leased."""

    def __init__(self, ring: Ring) -> None:
        super().__init__()
        self.ring = ring

    def idle(self, now: float) -> None:
        """It asked and got nothing."""
        if self.ring.ring:
            self.say(f"a worker idles at {now:.0f} ms while {len(self.ring.ring)} tenants could be leased")


class LeastFirst(Check):
    """Whose turn it is has the least virtual time of all: looked at the long way, once in so many bundles."""

    def __init__(self, ring: Ring, every: int) -> None:
        super().__init__()
        self.ring, self.every = ring, every
        self.bundles = 0

    def settled(self, now: float, job: Job) -> None:
        """Places have changed; the next lease begins at the head."""
        self.bundles += 1
        if self.bundles % self.every == 0 and self.ring.ring:
            head = self.ring.head()
            if head is None or self.ring.ring[head] > min(self.ring.ring.values()):
                self.say(f"{head} is not the least at {now:.0f} ms")


class NobodyStarves(Check):
    """Who may be leased is leased within one round: before each of the others got more than a piece by weight.

    A piece is a lane, or several that cost no more than a turn and a lane. So a wait, times the weight, is at most as
    many of the longest pieces as there are tenants in the ring at most, times the largest weight, over the workers; and
    once more what it ran at once, which it owes.
    """

    def __init__(self, ring: Ring, workers: int) -> None:
        super().__init__()
        self.ring, self.workers = ring, workers
        self.since: dict[str, float] = {}
        self.longest_ms = self.longest_by_weight = self.piece_ms = self.weight = 0.0
        self.crowd = 0

    def pushed(self, now: float, groups: Sequence[Taken]) -> None:
        """Somebody may have come back."""
        self._wait(now, [tenant for tenant, _, _ in groups])

    def leased(self, now: float, job: Job) -> None:
        """Somebody's turn."""
        self.piece_ms = max(self.piece_ms, *job.lane_ms)
        for tenant in job.cost:
            wait = now - self.since.pop(tenant, now)
            self.longest_ms = max(self.longest_ms, wait)
            self.longest_by_weight = max(self.longest_by_weight, wait * self.ring.share(tenant).weight)
        self._wait(now, job.cost)

    def settled(self, now: float, job: Job) -> None:
        """Lanes came back."""
        self._wait(now, job.cost)

    def _wait(self, now: float, tenants: Iterable[str]) -> None:
        self.crowd = max(self.crowd, len(self.ring.ring))
        for tenant in tenants:
            if tenant in self.ring.ring:
                self.since.setdefault(tenant, now)
                self.weight = max(self.weight, self.ring.share(tenant).weight)

    def of_the_limit(self) -> float:
        """The longest wait by weight, over what it may be. Says when it is more than 1."""
        piece = self.piece_ms + self.ring.limits.turn
        limit = (self.crowd + 2 * self.workers) * piece * self.weight / self.workers
        if self.longest_by_weight > limit:
            self.say(f"somebody waited {self.longest_by_weight:.0f} ms by weight, the limit is {limit:.0f}")
        return self.longest_by_weight / limit if limit else 0.0
