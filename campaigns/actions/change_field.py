"""Write a value into a field of the lead."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.parameters import FieldRef, FieldValue
from campaigns.language.schema import FieldSpec


class ChangeFieldParams(msgspec.Struct, frozen=True):
    """A field and its new value."""

    field: Annotated[FieldSpec, FieldRef("The field to change")]
    value: Annotated[Any, FieldValue("The new value; null clears the field", of="field")]


@action("change_field", label="Change a field", logs="change_data_value", params=ChangeFieldParams)
def change_field(lead: LeadState, params: ChangeFieldParams, context: Context) -> list[Effect]:
    """The field takes the value."""
    return [SetField(params.field.key, params.value)]
