"""Say that a program succeeded with the lead, or did not."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Choice, Literal
from campaigns.language.programs import membership
from campaigns.language.references import DefinedRef


class ChangeProgramSuccessParams(msgspec.Struct, frozen=True):
    """The program, success or not, and what to do with a lead that is no member."""

    program: Annotated[Defined, DefinedRef("The program", "program")]
    success: Annotated[bool | None, Literal("Whether it succeeded", "boolean")] = True
    if_missing: Annotated[str, Choice("What to do with a lead that is no member", "skip", "add")] = "skip"


@action(
    "change_program_success",
    label="Change the success of a program",
    logs="change_program_success",
    params=ChangeProgramSuccessParams,
    records=["program"],
)
def change_program_success(
    lead: LeadState, params: ChangeProgramSuccessParams, context: Context
) -> list[Effect] | Skipped:
    """The membership has the date of success, or none. A lead that is added gets the program's first status."""
    key, when = params.program.key, context.occurred_at.isoformat()
    member = membership(lead, key)
    if member is None:
        if params.if_missing == "skip":
            return Skipped(f"policy: the lead is no member of {key}")
        member = {"status": params.program.spec.statuses[0].key, "since": when, "data": {}}
    new = {name: value for name, value in member.items() if name != "success_at"}
    if params.success:
        new["success_at"] = member.get("success_at", when)
    status = member["status"]
    data = {"program": key, "status": status, "old_status": status, "success": bool(params.success)}
    return [PutRecord("program", key, new, raises=Emit("program.status_changed", data))]
