"""Go on at another step."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.flowkinds import StepRef
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Jump, Parked, Skipped
from campaigns.language.parameters import WholeNumber
from campaigns.language.periods import Period, shift
from campaigns.language.waitkinds import WaitPeriod


class JumpToParams(msgspec.Struct, frozen=True):
    """The step, how often, and how soon."""

    step: Annotated[str, StepRef("The id of the step that runs next")]
    max_jumps: Annotated[int, WholeNumber("How often one run may jump here, then it goes on", 1, 1000)]
    min_interval: Annotated[
        Period | None,
        WaitPeriod("The run rests here until its last jump, or its beginning, is so long ago; no rest unless given"),
    ] = None


@action("jump_to", label="Jump to a step", logs="jumped", params=JumpToParams, kind="flow", parks=True)
def jump_to(lead: LeadState, params: JumpToParams, context: Context) -> Jump | Parked | Skipped:
    """The run goes on at the step, at most so many times; after that it goes on behind the jump, at once."""
    run = context.run
    count = run.jumps.get(run.step, 0) + 1
    if count > params.max_jumps:
        return Skipped(f"policy: jumped {params.max_jumps} times already")
    if params.min_interval is not None:
        until = run.until or _earliest(params.min_interval, context)
        if context.now < until:
            return Parked(until=until)
        run.jumped_at[run.step] = context.now.isoformat()
    run.jumps[run.step] = count
    return Jump(step=params.step, said={"step": params.step, "jump": count})


def _earliest(interval: Period, context: Context) -> datetime:
    """When the run may jump here again, or for the first time."""
    last = context.run.jumped_at.get(context.run.step)
    since = datetime.fromisoformat(last) if last else context.run.entered_at
    return shift(since, interval, context.schema.zone)
