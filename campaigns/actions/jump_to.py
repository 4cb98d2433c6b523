"""Go on at another step."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.flowkinds import StepRef
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Jump, Skipped
from campaigns.language.parameters import WholeNumber


class JumpToParams(msgspec.Struct, frozen=True):
    """The step, and how often."""

    step: Annotated[str, StepRef("The id of the step that runs next")]
    max_jumps: Annotated[int, WholeNumber("How often one run may jump here, then it goes on", 1, 1000)]


@action("jump_to", label="Jump to a step", logs="jumped", params=JumpToParams, kind="flow")
def jump_to(lead: LeadState, params: JumpToParams, context: Context) -> Jump | Skipped:
    """The run goes on at the step, at most so many times; after that it goes on behind the jump."""
    jumps = context.run.jumps
    count = jumps.get(context.run.step, 0) + 1
    if count > params.max_jumps:
        return Skipped(f"policy: jumped {params.max_jumps} times already")
    jumps[context.run.step] = count
    return Jump(step=params.step, said={"step": params.step, "jump": count})
