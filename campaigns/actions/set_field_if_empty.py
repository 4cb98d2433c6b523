"""Write a value into a field that has none."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.parameters import FieldRef, FieldValue
from campaigns.language.schema import FieldSpec


class SetFieldIfEmptyParams(msgspec.Struct, frozen=True):
    """A field and its first value."""

    field: Annotated[FieldSpec, FieldRef("The field to fill")]
    value: Annotated[Any, FieldValue("The value", of="field", nullable=False)]


@action("set_field_if_empty", label="Fill an empty field", logs="change_data_value", params=SetFieldIfEmptyParams)
def set_field_if_empty(lead: LeadState, params: SetFieldIfEmptyParams, context: Context) -> list[Effect] | NoOp:
    """The field takes the value if it has none; the first touch stays."""
    if lead.values.get(params.field.key) is not None:
        return NoOp("the field has a value")
    return [SetField(params.field.key, params.value)]
