"""Wait until the lead is as it should be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.eventkinds import Watched, WatchedRule
from campaigns.language.flowkinds import Body
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Enter, Parked
from campaigns.language.parameters import Literal
from campaigns.language.periods import Period, shift
from campaigns.language.run import Run
from campaigns.language.waitkinds import WaitPeriod

#: From one look at a rule that time alone may fulfil to the next.
LOOK_EVERY = timedelta(hours=1)


class WaitForConditionParams(msgspec.Struct, frozen=True):
    """The condition, how long, and what then."""

    rule: Annotated[
        Watched,
        WatchedRule("It goes on as soon as this holds; where dates or the time matter to it, looked at hourly as well"),
    ]
    timeout: Annotated[Period, WaitPeriod("How long it waits at most")]
    on_timeout: Annotated[int | None, Body("The steps for those of whom it did not come to hold in time")] = None
    poll_on_change: Annotated[
        bool, Literal("Whether each change of the lead has it looked at at once; else it is hourly alone", "boolean")
    ] = True


@action(
    "wait_for_condition",
    label="Wait for a condition",
    logs="wait_ended",
    params=WaitForConditionParams,
    kind="flow",
    parks=True,
)
def wait_for_condition(lead: LeadState, params: WaitForConditionParams, context: Context) -> Done | Enter | Parked:
    """The run rests until the rule holds or the time is up. Changes of the lead have it looked at, never a scan."""
    run = context.run
    if run.woken == "change" and not params.poll_on_change:
        return Parked(until=run.until)
    if params.rule.matches(lead, context):
        return Done(said={"satisfied": True})
    deadline = _deadline(params.timeout, context)
    if context.now >= deadline:
        return Enter(body=params.on_timeout, said={"label": "timeout", "timed_out": True})
    hourly = params.rule.reads_clock or not params.poll_on_change
    until = _next_look(run, context.now, deadline) if hourly else deadline
    return Parked(until=until, quiet=run.woken is not None)


def _deadline(timeout: Period, context: Context) -> datetime:
    memory = context.run.memory
    if "until" not in memory:
        memory["until"] = shift(context.now, timeout, context.schema.zone).isoformat()
    return datetime.fromisoformat(memory["until"])


def _next_look(run: Run, now: datetime, deadline: datetime) -> datetime:
    if run.until is not None and run.until > now:
        return run.until
    return min(now + LOOK_EVERY, deadline)
