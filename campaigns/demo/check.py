"""Accepted against executed: everything, once, in order per lead, on the right tenant's lead. Knows no engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from campaigns.demo.acceptlog import AcceptedEvent

NAMED = 5  #: examples of each fault


class Execution(NamedTuple):
    """An event as its activity tells it."""

    tenant: str  #: of the activity
    lead_tenant: str | None  #: of the lead it was executed on; None when there is no such lead
    lead: str | None  #: its key
    id: str
    kind: str
    at: float  #: seconds since 1970
    wait: float  #: seconds from acceptance


@dataclass
class Fault:
    """One way in which the result is wrong."""

    promise: str  #: what was promised
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, example: str) -> None:
        """One more."""
        self.count += 1
        if len(self.examples) < NAMED:
            self.examples.append(example)


@dataclass
class Verdict:
    """What the check found."""

    lost: Fault = field(default_factory=lambda: Fault("nothing is lost"))
    twice: Fault = field(default_factory=lambda: Fault("nothing is executed twice"))
    disorder: Fault = field(default_factory=lambda: Fault("each lead's events are executed in their order"))
    foreign: Fault = field(default_factory=lambda: Fault("nothing reaches another tenant or lead"))
    dead: Fault = field(default_factory=lambda: Fault("nothing accepted becomes a dead letter"))
    miscounted: Fault = field(default_factory=lambda: Fault("leads' counters equal the events executed"))
    accepted: int = 0  #: different events
    again: int = 0  #: acceptances of an event that was accepted before
    executed: int = 0  #: of those
    others: int = 0  #: executions of events that the feeder did not send

    @property
    def faults(self) -> list[Fault]:
        """Each promise with what broke it."""
        return [self.lost, self.twice, self.disorder, self.foreign, self.dead, self.miscounted]

    @property
    def passed(self) -> bool:
        """Whether every promise was kept, and there was something to keep."""
        return self.accepted > 0 and not any(fault.count for fault in self.faults)


def check(
    accepted: Iterable[AcceptedEvent], executions: Iterable[Execution], dead: Mapping[str, str] | None = None
) -> Verdict:
    """Compare. `accepted` is in the order of acceptance per lead, `executions` in the order of execution;
    `dead` is dead letters' event ids with the error."""
    verdict = Verdict()
    places: dict[str, tuple[int, AcceptedEvent]] = {}
    for place, event in enumerate(accepted):
        if event.id in places:
            verdict.again += 1
        else:
            places[event.id] = (place, event)
    verdict.accepted = len(places)
    done = _check_executions(places, executions, verdict)
    _check_missing(places, done, dead or {}, verdict)
    verdict.executed = len(done)
    return verdict


def _check_executions(
    places: Mapping[str, tuple[int, AcceptedEvent]], executions: Iterable[Execution], verdict: Verdict
) -> set[str]:
    done: set[str] = set()
    latest: dict[tuple[str, str], int] = {}
    for execution in executions:
        if execution.id not in places:
            verdict.others += 1
            continue
        place, event = places[execution.id]
        if execution.id in done:
            verdict.twice.note(f"event {event.id} of {event.tenant}, lead {event.lead}")
            continue
        done.add(execution.id)
        if (execution.tenant, execution.lead_tenant, execution.lead) != (event.tenant, event.tenant, event.lead):
            verdict.foreign.note(
                f"event {event.id} of {event.tenant}, lead {event.lead}: executed for {execution.tenant}"
                f" on lead {execution.lead} of {execution.lead_tenant}"
            )
            continue
        if place < latest.get((event.tenant, event.lead), -1):
            verdict.disorder.note(f"event {event.id} of {event.tenant}, lead {event.lead}: after a later one")
        latest[event.tenant, event.lead] = max(place, latest.get((event.tenant, event.lead), -1))
    return done


def _check_missing(
    places: Mapping[str, tuple[int, AcceptedEvent]], done: set[str], dead: Mapping[str, str], verdict: Verdict
) -> None:
    for id, (_, event) in places.items():
        if id in done:
            continue
        if id in dead:
            verdict.dead.note(f"event {id} of {event.tenant}, lead {event.lead}: {dead[id]}")
        else:
            verdict.lost.note(f"event {id} of {event.tenant}, lead {event.lead}")


def check_counters(
    verdict: Verdict, executed: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]
) -> None:
    """Compare what campaigns counted on a tenant's leads with its counted events that were executed."""
    for tenant in sorted(after.keys() | executed.keys()):
        count, risen = executed.get(tenant, 0), after.get(tenant, 0) - before.get(tenant, 0)
        if risen != count:
            verdict.miscounted.note(f"{tenant}: {count} events were executed, counters rose by {risen}")
