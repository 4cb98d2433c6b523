"""A client that sends events, repeats what was not accepted for sure, and keeps a log of what was."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.types import Event
from tests.chaos.doors import Door

#: For one request and its repetitions.
PATIENCE_SECONDS = 90
PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Plan:
    """What a round sends."""

    events: Sequence[Event]
    poison: frozenset[str] = frozenset()  #: ids of events that must become dead letters

    @property
    def tenants(self) -> list[str]:
        """Of this round alone."""
        return sorted({event.tenant for event in self.events})


def plan(
    chance: random.Random,
    prefix: str,
    *,
    tenants: int,
    leads: int,
    events: int,
    poison: Sequence[str] = (),
    skew: Sequence[float] = (0.0,),
    pace: Sequence[float] = (0.001,),
) -> Plan:
    """Events of leads with few and with many; some take a few milliseconds. Poison comes in the middle.

    `skew`: seconds by which the clocks of the machines that accept them are wrong.
    """
    names = [f"{prefix}-{number}" for number in range(tenants)]
    people = [(chance.choice(names), f"lead-{number}") for number in range(leads)]
    weights = [1 / (1 + number % 40) for number in range(leads)]
    made, bad = [], set()
    places = sorted(chance.sample(range(events // 5, events // 2), len(poison)))
    now = datetime.now(UTC)
    for number, (tenant, lead) in enumerate(chance.choices(people, weights, k=events)):
        type = "slow" if chance.random() < 0.3 else "purchase"
        if number in places:
            type = poison[places.index(number)]
            bad.add(f"{prefix}-{number}")
        data = {"n": number, "seconds": chance.choice(pace), "skew": chance.choice(skew)}
        made.append(Event(
            id=f"{prefix}-{number}", tenant=tenant, lead=lead, type=type, accepted_at=now, occurred_at=now, data=data,
        ))  # fmt: skip
    return Plan(made, frozenset(bad))


class Producer:
    """Sends a plan from a thread of its own, a request after the other, through any door that is free.

    A door says at what time it accepted an event. What was not accepted for sure is sent again before
    anything else: that, and nothing about processes, is the order that is promised.
    """

    def __init__(
        self, plan: Plan, log: Path, doors: Sequence[Door], *, seconds: float, chunk: int, limits: Mapping[str, int]
    ) -> None:
        self.plan = plan
        self.log = log
        self.doors = doors
        self.limits = limits
        self.chunk = chunk
        self.pause = seconds * chunk / len(plan.events)
        self.repeated = 0  #: requests that had to be sent again
        self.refused = 0  #: events refused because both servers were out of room
        self.error: BaseException | None = None
        self._chance = random.Random(str(log))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Until all is accepted. Raises what went wrong."""
        self._thread.join(PATIENCE_SECONDS + 90)
        assert not self._thread.is_alive(), "the producer does not end"
        if self.error is not None:
            raise self.error

    def send_again(self) -> None:
        """All of it, in order, as a client does who does not trust the server's disk."""
        for first in range(0, len(self.plan.events), 500):
            self._accept(self.plan.events[first : first + 500], first)

    def _run(self) -> None:
        try:
            for first in range(0, len(self.plan.events), self.chunk):
                self._accept(self.plan.events[first : first + self.chunk], first)
                time.sleep(self.pause)
        except BaseException as error:
            self.error = error

    def _accept(self, events: Sequence[Event], first: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        asked: dict[str, float] = {}  #: when it was sent the last time, and then accepted
        left = events
        while left:
            asked |= dict.fromkeys([event.id for event in left], time.monotonic())
            left = self._push(left)
            if left:
                self.repeated += 1
                assert time.monotonic() < deadline, "nothing is accepted"
                time.sleep(PAUSE_SECONDS)
        with self.log.open("a") as log:
            for order, event in enumerate(events, start=first):
                expect = "dead" if event.id in self.plan.poison else "done"
                line = {"tenant": event.tenant, "lead": event.lead, "id": event.id, "order": order, "expect": expect}
                log.write(json.dumps(line | {"asked": asked[event.id]}) + "\n")

    def log_aborts(self, aborts: Mapping[str, float]) -> None:
        """What was asked to be accepted before an abort had ended may be missing."""
        with self.log.open("a") as log:
            for tenant, at in aborts.items():
                log.write(json.dumps({"tenant": tenant, "aborted": at}) + "\n")

    def _push(self, events: Sequence[Event]) -> Sequence[Event]:
        """Returns the events that were not accepted for sure."""
        free = [door for door in self.doors if door.is_free()]
        answer = self._chance.choice(free).accept(events, **self.limits) if free else None
        if answer is None or "error" in answer:
            return events
        refused = set(answer["refused"])
        self.refused += len(refused)
        return [event for event in events if event.id in refused]
