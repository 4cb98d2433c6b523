"""Runs that outlive their event: parked with the lead, woken by time, by its events, and by its changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from campaigns.language import compensation
from campaigns.language.context import Context
from campaigns.language.exits import Exit
from campaigns.language.outcome import Parked
from campaigns.language.program import Step
from campaigns.language.requesting import REQUESTED_BY
from campaigns.language.rulebook import Campaign
from campaigns.language.run import (
    CHILD,
    LOOKS,
    Child,
    Heard,
    ParkedRun,
    Run,
    keep_awaited,
    keep_child,
    keep_heard,
    look_later,
)
from campaigns.language.schema import CAMPAIGN_ENDED
from engine.types import Event

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain

WAIT_ENTERED = "wait_entered"
RUN_ENDED = "run_ended"
GOAL_REACHED = "goal_reached"
FROZEN_LOOK = timedelta(hours=1)
RUN_HELD = "run_held"
PAUSED = "policy: the campaign is paused"

DEPTH_LIMIT = 10  #: events that may lie between an event and the one from outside that caused it
#: What follows a wait this long is no part of the loop that may have led to it.
CHAIN_ENDS_AFTER = timedelta(hours=1)


def inside(chain: Chain) -> Iterator[tuple[ParkedRun, Campaign]]:
    """The lead's parked runs as they are when it is their turn, those first that were entered first."""
    runs = chain.lead.runs
    for id in sorted(runs, key=lambda id: (runs[id].entered_at, id)):
        parked = None if chain.is_frozen else runs.get(id)
        campaign = parked and _campaign_of(chain, parked)
        if parked is not None and campaign is not None:
            yield parked, campaign


def _campaign_of(chain: Chain, parked: ParkedRun) -> Campaign | None:
    """The version that a run is on; a run from before its campaign was emptied is dropped here."""
    campaign = chain.rulebook.find(parked.campaign_id, parked.version)
    if campaign is not None and campaign.emptied_at is not None and parked.entered_at < campaign.emptied_at:
        _drop(chain, parked.id)
        _wake_parent(chain, parked)
        return None
    return campaign


def _wake_parent(chain: Chain, parked: ParkedRun) -> None:
    """Who waits for a run that was ended by hand is due now."""
    state = parked.state
    by = state.get("parent") or str(state.get("data", {}).get(REQUESTED_BY, "")).partition(":")[0]
    parent = chain.lead.runs.get(by)
    if parent is not None:
        _store(chain, msgspec.structs.replace(parent, wake_at=chain.now, waits=parent.waits + 1))


def wake(chain: Chain, context: Context) -> None:
    """Let the parked runs hear an event: exits end them, waits for it go on, others keep it for a wait to come."""
    if context.type not in chain.rulebook.wakes:
        return
    heard = Heard(context.type, context.event.raw, context.occurred_at, context.source, context.by)
    for parked, campaign in inside(chain):
        way_out = _way_out(chain, campaign, context)
        if way_out is not None:
            leave(chain, parked, campaign, way_out)
            continue
        step = campaign.step(parked.step)
        is_awaited = step is not None and context.type in step.hears
        if is_awaited and not campaign.pause:
            resume(chain, parked, campaign, "event", heard)
        elif context.type in campaign.program.hears:
            _store(chain, keep_awaited(parked, heard) if is_awaited else keep_heard(parked, heard))


def recheck(chain: Chain) -> None:
    """Let the parked runs that watch the lead look at it, until nothing changes any more."""
    chain.changes.touched = True
    while chain.changes.touched:
        chain.changes.touched = False
        for parked, campaign in inside(chain):
            step = campaign.step(parked.step)
            way_out = _way_out(chain, campaign, None) if campaign.watches else None
            if way_out is not None:
                leave(chain, parked, campaign, way_out)
            elif step is not None and step.watches and not campaign.pause:
                resume(chain, parked, campaign, "change")
            elif step is not None and step.watches and not parked.held:
                _store(chain, look_later(parked))
    if chain.is_frozen:
        _look_after_freeze(chain)


def _look_after_freeze(chain: Chain) -> None:
    """Those that watch the lead look at what happened meanwhile when its freeze ends."""
    look_at = _end_of_freeze(chain)
    for parked in list(chain.lead.runs.values()):
        campaign = _campaign_of(chain, parked)
        step = campaign and campaign.step(parked.step)
        if campaign is None or step is None or not (step.watches or campaign.watches):
            continue
        if campaign.pause:
            _store(chain, look_later(parked))
        elif parked.wake_at is None or parked.wake_at > look_at:
            _store(chain, msgspec.structs.replace(parked, wake_at=look_at, waits=parked.waits + 1))


def _end_of_freeze(chain: Chain) -> datetime:
    """When a run of a frozen lead is woken: earlier than the end where that is far, in case a person ends it before."""
    return min(chain.lead.frozen_until or chain.now, chain.now + FROZEN_LOOK)


def due(chain: Chain, event: Event) -> None:
    """The time of a parked run has come; nothing if it went on meanwhile."""
    parked = chain.lead.runs.get(event.data["run"])
    if parked is None or parked.waits != event.data["waits"]:
        return
    campaign = _campaign_of(chain, parked)
    if campaign is None:
        return
    if campaign.pause:
        _hold(chain, parked, campaign)
    elif parked.state.get("overdue"):
        end(chain, parked, campaign, "overdue after a pause")
    elif campaign.watches and (way_out := _way_out(chain, campaign, None)) is not None:
        leave(chain, parked, campaign, way_out)  # by time alone, or by a change while the lead was frozen
    else:
        resume(chain, parked, campaign, "child" if CHILD in parked.state else "due")


def keep_at_the_door(chain: Chain, run: Run) -> None:
    """A run that begins while its campaign is paused and collects: it begins when the campaign is resumed."""
    run.step, run.at_door, run.waits = run.campaign.program.steps[0].id, True, 1
    _store(chain, msgspec.structs.replace(run.park(), held=True))
    chain.log(RUN_HELD, {"outcome": "deferred", "reason": PAUSED, "run": run.id}, run.campaign, run.step)


def _hold(chain: Chain, parked: ParkedRun, campaign: Campaign) -> None:
    """Its time has come while its campaign is paused: it is told again when that is resumed. So is one that was only
    to look at what happened during a freeze or an earlier pause, and is not overdue."""
    until = parked.state.get("until")
    if until is not None and datetime.fromisoformat(until) > chain.now:
        return _store(chain, look_later(msgspec.structs.replace(parked, wake_at=datetime.fromisoformat(until))))
    state = {name: value for name, value in parked.state.items() if name != LOOKS}
    _store(chain, msgspec.structs.replace(parked, wake_at=None, held=True, state=state))
    said = {"outcome": "deferred", "reason": PAUSED, "run": parked.id}
    chain.log(RUN_HELD, said, campaign, parked.step)


def postpone(chain: Chain, event: Event) -> None:
    """The time of a parked run of a frozen lead has come: it comes again when the freeze ends."""
    parked = chain.lead.runs.get(event.data["run"])
    if parked is not None and parked.waits == event.data["waits"]:
        _store(chain, msgspec.structs.replace(parked, wake_at=_end_of_freeze(chain), waits=parked.waits + 1))


def resume(
    chain: Chain,
    parked: ParkedRun,
    campaign: Campaign,
    woken: str,
    heard: Heard | None = None,
    child: Child | None = None,
) -> None:
    """Execute the step that a run is parked at again, and what follows."""
    run = Run.restore(parked, campaign)
    run.child = child or run.child
    run.woken, run.heard = None if run.at_door else woken, heard
    run.at_door = False
    if run.waited_since is not None and chain.now - run.waited_since >= CHAIN_ENDS_AFTER:
        run.depth = 0
    place = campaign.program.places.get(parked.step)
    with chain.surroundings(run), dropping(chain, run):
        chain.walk(run, place)


@contextmanager
def dropping(chain: Chain, run: Run) -> Iterator[None]:
    """Where its chain is stopped for good, the run is over with it."""
    try:
        yield
    except BaseException:
        _drop(chain, run.id)
        raise


def leave(chain: Chain, parked: ParkedRun, campaign: Campaign, way_out: Exit) -> None:
    """End a parked run by an exit, or by a goal, which is recorded."""
    record = way_out.records(chain.lead, chain.context) if way_out.records else None
    done = record and chain.changes.apply(record)
    if done:
        chain.log(GOAL_REACHED, done[1] | {"run": parked.id}, campaign, parked.step)
    if way_out.undo and parked.state.get("passed"):
        return _end_undoing(chain, parked, campaign, way_out.label)
    end(chain, parked, campaign, way_out.label)


def undo_failed(chain: Chain, run: Run) -> int | None:
    """End a run whose step has failed, and undo what it did. Returns the place of the first step that does."""
    labels, place = compensation.begin(chain, run)
    said = {"outcome": "done", "ended": "failed", "run": run.id, "undone": labels}
    chain.log(RUN_ENDED, said, run.campaign, run.step)
    return place


def _end_undoing(chain: Chain, parked: ParkedRun, campaign: Campaign, label: str) -> None:
    """End a parked run where it is, and undo what it did."""
    run = Run.restore(parked, campaign)
    with chain.surroundings(run), dropping(chain, run):
        labels, place = compensation.begin(chain, run)
        said = {"outcome": "done", "ended": label, "run": run.id, "undone": labels}
        chain.log(RUN_ENDED, said, campaign, parked.step)
        run.parked = True  # it goes no further than that
        chain.walk(run, place)
        finish(chain, run, label)


def end(chain: Chain, parked: ParkedRun, campaign: Campaign, label: str) -> None:
    """End a parked run where it is."""
    run = Run.restore(parked, campaign)
    with chain.surroundings(run):
        chain.log(RUN_ENDED, {"outcome": "done", "ended": label, "run": run.id}, campaign, parked.step)
        finish(chain, run, label)


def park(chain: Chain, run: Run, step: Step, decision: Parked) -> None:
    """Store a run where it is. A run that was woken and rests on as before is not written again."""
    before = chain.lead.runs.get(run.id)
    is_new = not decision.quiet and (run.woken is None or decision.until != run.until)
    if run.woken is None:
        run.waited_since = chain.now
    run.until, run.parked = decision.until, True
    now = run.park()
    if before is not None and run.woken != "due" and _same(before, now):
        return
    run.waits += 1
    now.waits, now.asks = run.waits, decision.asks
    _store(chain, now)
    if is_new:
        until = None if decision.until is None else decision.until.isoformat()
        said: dict[str, Any] = {"run": run.id, "until": until, "outcome": decision.name}
        chain.log(WAIT_ENTERED, said | decision.said, run.campaign, step.id)


def merge(chain: Chain, run: Run, into: str) -> None:
    """Another run of the lead takes up what this one was entered for."""
    parked = chain.lead.runs.get(into)
    campaign = parked and _campaign_of(chain, parked)
    if parked is not None and campaign is not None:
        resume(chain, parked, campaign, "merged", run.as_heard())


def finish(chain: Chain, run: Run, label: str = "") -> None:
    """A run is over: it is stored no longer, and who waits for it goes on."""
    _drop(chain, run.id)
    chain.changes.touched = True  # those that wait for it look again
    key = run.campaign.key
    chain.changes.raise_event(CAMPAIGN_ENDED, {"campaign": key, "run": run.id, "label": label}, key)
    parent = chain.lead.runs.get(run.parent)
    campaign = parent and _campaign_of(chain, parent)
    if parent is not None and campaign is not None:
        child = Child(run.id, run.variables)
        if campaign.pause:
            _store(chain, look_later(keep_child(parent, child)))
        else:
            resume(chain, parent, campaign, "child", child=child)


def _same(before: ParkedRun, now: ParkedRun) -> bool:
    """Whether nothing that is stored differs, but for when and how often it is woken."""
    return msgspec.structs.replace(before, wake_at=now.wake_at, waits=now.waits) == now


def _way_out(chain: Chain, campaign: Campaign, context: Context | None) -> Exit | None:
    """The first exit that the event is, or without one that the lead's state is."""
    for way_out in campaign.exits:
        if (way_out.hears is None) == (context is None) and way_out.is_met(chain.lead, context or chain.context):
            return way_out
    return None


def _store(chain: Chain, parked: ParkedRun) -> None:
    runs = chain.lead.runs
    if runs and parked.id not in runs:  # one after the other, though the clock says the same of all
        after = max(run.entered_at for run in runs.values()) + timedelta.resolution
        parked = msgspec.structs.replace(parked, entered_at=max(parked.entered_at, after))
    runs[parked.id] = parked
    chain.lead.changed_runs |= {parked.id}


def _drop(chain: Chain, id: str) -> None:
    if chain.lead.runs.pop(id, None) is not None:
        chain.lead.changed_runs |= {id}
