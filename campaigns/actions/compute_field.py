"""Write the value of an expression into a field."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.expression import Compute
from campaigns.language.lead import LeadState
from campaigns.language.parameters import Expression, FieldRef
from campaigns.language.schema import FieldSpec


class ComputeFieldParams(msgspec.Struct, frozen=True):
    """A field and the expression for it."""

    field: Annotated[FieldSpec, FieldRef("The field to change")]
    expression: Annotated[Compute, Expression("Such as (lead.total ?? 0) + event.amount", of="field")]


@action(
    "compute_field",
    label="Compute a field",
    logs="change_data_value",
    params=ComputeFieldParams,
    example={"field": "orders"},
)
def compute_field(lead: LeadState, params: ComputeFieldParams, context: Context) -> list[Effect]:
    """The field takes the value of the expression; a division by zero gives no value."""
    return [SetField(params.field.key, params.expression(lead, context))]
