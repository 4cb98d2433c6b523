"""End the lead's membership in a program."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.programs import membership
from campaigns.language.references import DefinedRef


class RemoveFromProgramParams(msgspec.Struct, frozen=True):
    """The program."""

    program: Annotated[Defined, DefinedRef("The program to leave", "program")]


@action(
    "remove_from_program",
    label="Remove from a program",
    logs="remove_from_program",
    params=RemoveFromProgramParams,
    records=["program"],
)
def remove_from_program(lead: LeadState, params: RemoveFromProgramParams, context: Context) -> list[Effect] | NoOp:
    """The membership has ended; how far the lead got is kept."""
    key = params.program.key
    member = membership(lead, key)
    if member is None:
        return NoOp()
    return [PutRecord("program", key, member | {"ended": context.occurred_at.isoformat()})]
