"""Copy one field of the lead into another."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.fieldkinds import FieldSource
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.parameters import Choice, FieldRef
from campaigns.language.schema import FieldSpec


class CopyFieldParams(msgspec.Struct, frozen=True):
    """Where to, where from, and whether a value that is there gives way."""

    to: Annotated[FieldSpec, FieldRef("The field that takes the value")]
    value: Annotated[Any, FieldSource("The field whose value it takes", into="to")] = msgspec.field(name="from")
    overwrite: Annotated[str, Choice("Also over a value, or only where there is none", "always", "if_empty")] = "always"


@action("copy_field", label="Copy a field", logs="change_data_value", params=CopyFieldParams)
def copy_field(lead: LeadState, params: CopyFieldParams, context: Context) -> list[Effect] | NoOp:
    """The field has the value of the other, in its own type; without a value there, it has none either."""
    if params.overwrite == "if_empty" and lead.values.get(params.to.key) is not None:
        return NoOp("the field has a value")
    return [SetField(params.to.key, params.value)]
