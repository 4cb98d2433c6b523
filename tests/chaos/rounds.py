"""One round: a plan, faults in the middle of it, the wait until all is done, the judge."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.harness import wait_until
from tests.chaos.fault import FAULTS, Fault
from tests.chaos.producer import Plan, Producer, plan
from tests.chaos.world import World, tenants_ready

COMBINED = "two to five at once"

#: How long a round may take to drain after the last fault: half-open connections are given up after 10 s, and
#: an endless loop dies six times, 5 s each.
DRAIN_SECONDS = 90

#: How long a lane may stay in spill mode after its last event was done: maintenance tells lanes every ten seconds.
RETURN_SECONDS = 20

#: Small limits of lanes that a round may have by chance: then most of its events are spilled.
SMALL_LIMITS = (2, 5, 20)

#: Faults of the judge's verdict; any of them fails the round.
WRONG = ("lost", "twice", "disorder", "foreign", "buried", "unburied")


@dataclass(frozen=True)
class Size:
    """Of a round."""

    tenants: int = 12
    leads: int = 300
    events: int = 1500
    seconds: float = 1.5  #: over which they are sent
    chunk: int = 100
    lane_limit: int = 0  #: most events of a lane in Redis, whatever the fault says
    pace: tuple[float, ...] = (0.001, 0.002, 0.005)  #: seconds that slow events take


@dataclass
class Outcome:
    """How a round ended."""

    number: int
    kind: str
    seed: str
    faults: list[str]
    verdict: dict[str, Any] = field(default_factory=dict)
    recovery: float = 0.0  #: seconds from the end of the last fault until all was done
    seconds: float = 0.0
    stuck: int = 0  #: events neither done nor dead when patience ended
    restarts: int = 0  #: of nodes, by the supervisor
    journal: bool = False  #: accepted events outlive a loss of Redis's memory
    repeated: int = 0  #: pushes that were not accepted for sure and sent again
    refused: int = 0  #: events refused for want of room, and sent again
    cut: int = 0  #: replies that a proxy lost or cut short
    lane_limit: int = 0  #: most events of a lane in Redis; 0: the default
    spilled: int = 0  #: how often an event was written into the buffer
    error: str = ""  #: why the round could not be played to its end
    in_spill: int = 0  #: lanes that did not return to direct mode
    left: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)  #: invariants of the lanes

    @property
    def passed(self) -> bool:
        """Whether every promise was kept."""
        broken = self.broken and not any(FAULTS[name].meddles for name in self.faults)
        return not (self.error or self.stuck or self.in_spill or broken) and not any(
            self.verdict["counts"][fault] for fault in WRONG
        )

    def row(self) -> dict[str, Any]:
        """For the file of results."""
        return asdict(self) | {"passed": self.passed}


def choose(world: World, kind: str, chance: random.Random) -> list[Fault]:
    """The faults of a round of this kind."""
    if kind != COMBINED:
        return [FAULTS[kind]]
    able = [one for one in FAULTS.values() if one.combines and one.needs in ("", *world.needs)]
    return chance.sample(able, chance.randint(2, 5))


def play(
    world: World,
    number: int,
    kind: str,
    seed: int,
    size: Size,
    *,
    drain_seconds: float = DRAIN_SECONDS,
    client: type[Producer] = Producer,
) -> Outcome:
    """Play one round; the same seed, number and kind plan the same."""
    chance = random.Random(f"{seed}/{number}/{kind}")
    faults = choose(world, kind, chance)
    outcome = Outcome(number, kind, f"{seed}/{number}", [one.name for one in faults])
    sent = _plan(chance, f"r{number}", faults, size)
    forgets = any(one.loses and (one.meddles or not world.journal) for one in faults)
    limits = _limits(chance, faults, size.lane_limit, forgets=forgets)
    outcome.journal = world.journal
    outcome.lane_limit = limits.get("lane_limit", 0)
    tenants_ready(world, sent.tenants)
    world.tenants, world.aborts = sent.tenants, {}
    log = world.folder / f"accepted-{number}.ndjson"
    log.touch()
    before, cut = world.left_behind(), world.cut()
    began, restarts = time.monotonic(), sum(one.restarts for one in world.all)
    seconds = max([size.seconds, *[one.seconds for one in faults]])
    producer = client(sent, log, world.doors, seconds=0 if forgets else seconds, chunk=size.chunk, limits=limits)
    try:
        _conduct(world, outcome, producer, faults, chance, drain_seconds, forgets)
    except AssertionError as error:
        outcome.error = str(error)
        world.afterwards.clear()
        world.heal()
    outcome.verdict = world.judge(log)
    outcome.spilled, outcome.in_spill = _return(world, sent)
    outcome.left = _left_behind(world, before)
    outcome.broken = world.broken_invariants()
    outcome.restarts = sum(one.restarts for one in world.all) - restarts
    outcome.repeated, outcome.refused, outcome.cut = producer.repeated, producer.refused, world.cut() - cut
    outcome.seconds = time.monotonic() - began
    _remember(log, world.log)
    return outcome


def _conduct(
    world: World,
    outcome: Outcome,
    producer: Producer,
    faults: Sequence[Fault],
    chance: random.Random,
    patience: float,
    forgets: bool,
) -> None:
    """Send, strike, heal, wait; where Redis forgets, send again."""
    producer.start()
    if forgets:  # what came after the loss would overtake what is sent again
        producer.join()
    _wait_for_progress(world, producer.plan, chance.uniform(0.02, 0.5))
    strike(world, faults, chance)
    world.heal()
    healed = time.monotonic()
    producer.join()
    if forgets:
        producer.send_again()
    producer.log_aborts(world.aborts)
    outcome.stuck = _drain(world, producer.plan, patience, may_miss=bool(world.aborts))
    outcome.recovery = time.monotonic() - healed


def _limits(chance: random.Random, faults: Sequence[Fault], own: int = 0, *, forgets: bool) -> dict[str, int]:
    """Of lanes in this round: every second one has small ones, so each kind also meets lanes in spill mode.

    Not where Redis forgets what it accepted: what was spilled behind that would overtake what is sent again.
    """
    drawn = chance.choice((0, chance.choice(SMALL_LIMITS)))
    lane = [own] if own else [one.lane_limit for one in faults if one.lane_limit] or [drawn]
    spill = [one.spill_limit for one in faults if one.spill_limit]
    limits = {"lane_limit": min(lane)} if min(lane) and not forgets else {}
    return limits | ({"spill_limit": min(spill)} if spill else {})


def strike(world: World, faults: Sequence[Fault], chance: random.Random) -> None:
    """Do all harm one after the other, then heal in any order when each has lasted its time."""
    begun: list[tuple[float, Iterator[float]]] = []
    for one in faults:
        harm = one.harm(world, chance)
        begun.append((time.monotonic() + next(harm), harm))
    chance.shuffle(begun)
    for until, harm in begun:
        time.sleep(max(0.0, until - time.monotonic()))
        next(harm, None)


def _plan(chance: random.Random, prefix: str, faults: Sequence[Fault], size: Size) -> Plan:
    poison = [type for one in faults for type in one.poison]
    skew = [seconds for one in faults for seconds in one.skew]
    return plan(
        chance,
        prefix,
        tenants=size.tenants,
        leads=size.leads,
        events=size.events,
        poison=poison,
        skew=skew,
        pace=size.pace,
    )


def _wait_for_progress(world: World, sent: Plan, part: float) -> None:
    """Faults strike while there is work in hand."""
    wait_until(lambda: world.count(sent.tenants) >= part * len(sent.events), "no progress before the fault")


def _drain(world: World, sent: Plan, seconds: float, *, may_miss: bool) -> int:
    """Wait until all is done, or where events were thrown away, until nothing waits. Returns how many are not."""
    deadline = time.monotonic() + seconds
    while True:
        left = len(sent.events) - world.count(sent.tenants)
        if left <= 0 or (may_miss and world.is_idle(sent.tenants)):
            return 0
        if time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _return(world: World, sent: Plan) -> tuple[int, int]:
    """Wait until each lane is direct again. Returns how many events were spilled, and lanes that are not direct."""
    deadline = time.monotonic() + RETURN_SECONDS
    while (figures := world.spilled(sent.tenants))[1] and time.monotonic() < deadline:
        time.sleep(0.1)
    return figures


def _left_behind(world: World, before: dict[str, int], seconds: float = 5.0) -> dict[str, int]:
    """What an idle engine keeps in Redis some seconds later that it did not keep before the round."""
    deadline = time.monotonic() + seconds
    while True:
        left = {kind: count for kind, count in world.left_behind().items() if count > before.get(kind, 0)}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _remember(log: Path, whole: Path) -> None:
    with whole.open("a") as file:
        file.write(log.read_text())
