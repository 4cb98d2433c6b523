"""Make one run of many that follow close on one another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Failed, Merged, Outcome, Parked
from campaigns.language.periods import Period, shift
from campaigns.language.run import Heard, Run
from campaigns.language.variables import set_variable
from campaigns.language.waitkinds import KeptEvents, MeetingKey, WaitPeriod

#: Of a burst no more events than these are kept for later steps, the last ones.
EVENTS_LIMIT = 100
VARIABLE = "debounced"  #: with all events of the burst


class DebounceParams(msgspec.Struct, frozen=True):
    """What belongs together, and when a burst is over."""

    key: Annotated[
        str | None, MeetingKey("Runs of the lead with the same key become one: a name, or a template such as the order")
    ]
    quiet_for: Annotated[Period, WaitPeriod("The run goes on when no other came for so long")]
    max_wait: Annotated[Period, WaitPeriod("The run goes on after so long, however many come", over="quiet_for")]
    keep: Annotated[
        str,
        KeptEvents(
            "Whose event later steps see: the first's, the last's, or that with all in {{ run.debounced }}",
            variable=VARIABLE,
        ),
    ] = "last"


@action(
    "debounce",
    label="Debounce",
    logs="debounced",
    params=DebounceParams,
    kind="flow",
    parks=True,
    example={"quiet_for": {"amount": 10, "unit": "minutes"}, "max_wait": {"amount": 1, "unit": "hours"}},
)
def debounce(lead: LeadState, params: DebounceParams, context: Context) -> Outcome:
    """The first run rests here; those of the campaign that come while it does end, and it rests on. When it has been
    quiet for long enough it goes on, once for all of them."""
    run = context.run
    if run.woken is None:
        return _arrive(lead, params, context)
    if run.woken == "merged" and run.heard is not None:
        return _take_in(run.heard, params, context)
    if run.until is not None and context.now < run.until:
        return Parked(until=run.until)
    memory = run.memory
    if "events" in memory:
        set_variable(context, VARIABLE, "json", {"events": memory["events"]})
    return Done(said={"key": memory["key"], "count": memory["count"]})


def _arrive(lead: LeadState, params: DebounceParams, context: Context) -> Outcome:
    run = context.run
    if params.key is None:
        return Failed("missing: the key is empty, so the run went on by itself")
    other = _resting(lead, params.key, run)
    if other is not None:
        return Merged(f"merged into {other}", into=other)
    latest = shift(context.now, params.max_wait, context.schema.zone)
    run.memory.update(key=params.key, count=1, latest=latest.isoformat())
    if params.keep == "all":
        run.memory["events"] = [_told(run.as_heard())]
    return Parked(until=_until(params, context))


def _resting(lead: LeadState, key: str, run: Run) -> str | None:
    """The run of the same campaign that rests at the same step for the same key."""
    for other in lead.runs.values():
        memory = other.state.get("memories", {}).get(run.step, {})
        if (other.campaign_id, other.step, memory.get("key")) == (run.campaign.id, run.step, key):
            return other.id
    return None


def _take_in(heard: Heard, params: DebounceParams, context: Context) -> Parked:
    run = context.run
    run.memory["count"] += 1
    if params.keep == "all":
        run.memory["events"] = [*run.memory.get("events", []), _told(heard)][-EVENTS_LIMIT:]
    if params.keep != "first":
        run.type, run.data, run.occurred_at = heard.type, heard.data, heard.at
    return Parked(until=_until(params, context), quiet=True)


def _told(heard: Heard) -> dict[str, Any]:
    return {"type": heard.type, "at": heard.at.isoformat(), "data": heard.data}


def _until(params: DebounceParams, context: Context) -> datetime:
    latest = datetime.fromisoformat(context.run.memory["latest"])
    return min(shift(context.now, params.quiet_for, context.schema.zone), latest)
