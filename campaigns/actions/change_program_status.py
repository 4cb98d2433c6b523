"""Give the lead a status in a program, and make it a member."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.definitions.program import Program
from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Value
from campaigns.language.programs import membership
from campaigns.language.references import DefinedRef, PartOf


class ChangeProgramStatusParams(msgspec.Struct, frozen=True):
    """The program, its status, and why."""

    program: Annotated[Defined, DefinedRef("The program", "program")]
    status: Annotated[str, PartOf("The status to reach", of="program", parts=Program.keys, noun="status")]
    reason: Annotated[str | None, Value("Logged with the change", "string")] = None


@action(
    "change_program_status",
    label="Change the status in a program",
    logs="change_program_status",
    params=ChangeProgramStatusParams,
    records=["program"],
)
def change_program_status(
    lead: LeadState, params: ChangeProgramStatusParams, context: Context
) -> list[Effect] | Skipped:
    """The lead is a member with that status; it does not go back to an earlier one. Who was removed begins anew."""
    key, program, status = params.program.key, params.program.spec, params.status
    member = lead.records.get(("program", key), {})
    old = (membership(lead, key) or {}).get("status")
    if program.place(status) < program.place(old):
        return Skipped(f"policy: {status} comes before {old}")
    if status == old:
        return [PutRecord("program", key, member)]
    when = context.occurred_at.isoformat()
    new = {"status": status, "since": when, "data": member.get("data", {})} | _success(program, status, member, when)
    data = {"program": key, "status": status, "old_status": old, "success": "success_at" in new}
    detail = {"reason": params.reason} if params.reason else None
    return [PutRecord("program", key, new, detail, Emit("program.status_changed", data))]


def _success(program: Program, status: str, member: dict[str, str], when: str) -> dict[str, str]:
    """Since when the program succeeded with this lead: once it did, it did."""
    if "success_at" in member:
        return {"success_at": member["success_at"]}
    return {"success_at": when} if program.is_success(status) else {}
