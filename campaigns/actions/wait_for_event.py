"""Wait for an event of the lead."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.eventkinds import EventBranch, EventBranches
from campaigns.language.flowkinds import Body
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Enter, Parked
from campaigns.language.parameters import Choice
from campaigns.language.periods import Period, shift
from campaigns.language.run import HEARD_LIMIT, Heard
from campaigns.language.waitkinds import WaitPeriod


class WaitForEventParams(msgspec.Struct, frozen=True):
    """Which events, how long, and what then."""

    branches: Annotated[
        tuple[EventBranch, ...],
        EventBranches(
            "The events in order of preference, each with its label, its trigger and its steps, and with `match`: "
            "attributes that must equal a value, as a token of the run's own event"
        ),
    ]
    timeout: Annotated[Period, WaitPeriod("How long it waits at most")]
    on_timeout: Annotated[int | None, Body("The steps for those to whom none of the events happened in time")] = None
    decide: Annotated[
        str,
        Choice("Whether the first event to happen decides, or at the end the most preferred of all", "first", "best"),
    ] = "first"
    include_recent: Annotated[
        Period | None,
        WaitPeriod("Events up to so long ago count too, of those since the run first rested; none unless given"),
    ] = None


@action(
    "wait_for_event", label="Wait for an event", logs="wait_ended", params=WaitForEventParams, kind="flow", parks=True
)
def wait_for_event(lead: LeadState, params: WaitForEventParams, context: Context) -> Enter | Parked:
    """The run rests until one of the events happens or the time is up; then the steps for that run. An event that
    happened in time counts even if it is heard of later. An event ends one wait of a run only."""
    run = context.run
    until = run.until or shift(context.now, params.timeout, context.schema.zone)
    for heard in _heard(params, context):
        place = next((place for place, one in enumerate(params.branches) if one.is_met(heard, lead, context)), None)
        if heard.at > until or place is None:
            continue
        _use_up(heard, context)
        if params.decide == "first" or place == 0:
            return _enter(params.branches[place], heard.type)
        if place < run.memory.get("place", len(params.branches)):
            run.memory.update(place=place, event=heard.type)
    if context.now < until:
        return Parked(until=until)
    if "place" in run.memory:
        return _enter(params.branches[run.memory["place"]], run.memory["event"])
    return Enter(body=params.on_timeout, said={"label": "timeout", "timed_out": True})


def _heard(params: WaitForEventParams, context: Context) -> list[Heard]:
    """The events to look at: what woke the run, or those kept: since it rests, or recent ones when it comes here."""
    run = context.run
    if run.heard is not None:
        run.kept = [*run.kept, run.heard][-HEARD_LIMIT:]
        return [run.heard]
    since = run.waited_since  # what the campaign's pause kept from waking it, late ones too
    if run.woken is None:
        recent = params.include_recent
        since = None if recent is None else shift(context.now, -recent, context.schema.zone)
    if since is None:
        return []
    return [heard for heard in run.kept if heard.at >= since or (run.woken and heard.awaited == run.waited_since)]


def _use_up(heard: Heard, context: Context) -> None:
    context.run.kept = [other for other in context.run.kept if other != heard]


def _enter(branch: EventBranch, event: str) -> Enter:
    return Enter(body=branch.body, said={"label": branch.label, "event": event})
