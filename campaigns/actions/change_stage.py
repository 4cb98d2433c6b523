"""Move the lead to a stage."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Literal, StageRef


class ChangeStageParams(msgspec.Struct, frozen=True):
    """The stage, and whether the lead may go back to it."""

    stage: Annotated[str, StageRef("The stage to move to")]
    allow_backward: Annotated[bool | None, Literal("Also from a later stage", "boolean")] = False


@action("change_stage", label="Change the stage", logs="change_stage", params=ChangeStageParams, writes=["field:stage"])
def change_stage(lead: LeadState, params: ChangeStageParams, context: Context) -> list[Effect] | Skipped:
    """The lead is in the stage afterwards; it does not go back unless that is allowed."""
    order = context.schema.stage_order
    present = lead.values.get("stage", "")
    if not params.allow_backward and order.get(present, -1) > order[params.stage]:
        return Skipped(f"policy: {params.stage} comes before {present}")
    return [SetField("stage", params.stage)]
