"""Set a variable of the run."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, NoOp
from campaigns.language.parameters import Choice
from campaigns.language.variablekinds import VARIABLE_TYPES, VariableName, VariableValue
from campaigns.language.variables import set_variable


class SetRunVariableParams(msgspec.Struct, frozen=True):
    """The variable and its value."""

    name: Annotated[str, VariableName("What later steps call it, as in {{ run.name }}")]
    type: Annotated[str, Choice("Its type, the same in every step that sets it", *VARIABLE_TYPES)]
    value: Annotated[tuple[str, Any], VariableValue("Its value; null forgets it", of="name", type="type")]


@action("set_run_variable", label="Set a run variable", logs="variable_set", params=SetRunVariableParams, kind="flow")
def set_run_variable(lead: LeadState, params: SetRunVariableParams, context: Context) -> Done | NoOp:
    """The variable lasts as long as the run, through its waits too; its type is fixed where it is set first."""
    said = set_variable(context, params.name, *params.value)
    return NoOp() if said is None else Done(said=said)
