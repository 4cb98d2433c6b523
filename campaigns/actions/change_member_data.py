"""Keep something of a member of a program."""

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


class ChangeMemberDataParams(msgspec.Struct, frozen=True):
    """Which field of which program, and its value."""

    program: Annotated[Defined, DefinedRef("The program", "program")]
    field: Annotated[str, PartOf("What is kept", of="program", parts=Program.field_names, noun="field")]
    value: Annotated[str | None, Value("Its value; null to keep none", "string")]


@action(
    "change_member_data",
    label="Change what is kept of a member",
    logs="change_member_data",
    params=ChangeMemberDataParams,
    records=["program"],
    example={"field": "seat"},
)
def change_member_data(lead: LeadState, params: ChangeMemberDataParams, context: Context) -> list[Effect] | Skipped:
    """The membership has the value in that field."""
    key = params.program.key
    member = membership(lead, key)
    if member is None:
        return Skipped(f"policy: the lead is no member of {key}")
    kept = {name: value for name, value in member["data"].items() if name != params.field}
    if params.value is not None:
        kept[params.field] = params.value
    told = {"program": key, "field": params.field, "old": member["data"].get(params.field), "new": params.value}
    changed = Emit("program.member_changed", told)
    return [PutRecord("program", key, member | {"data": kept}, {"field": params.field}, changed)]
