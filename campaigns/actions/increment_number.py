"""Add to a number."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.bounds import clamp
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import FieldRef, FieldValue
from campaigns.language.schema import FieldSpec


class IncrementNumberParams(msgspec.Struct, frozen=True):
    """A number field and what is added to it."""

    field: Annotated[FieldSpec, FieldRef("The number to change", "integer", "decimal")]
    by: Annotated[Any, FieldValue("What is added; negative to subtract", of="field", nullable=False)]
    min: Annotated[Any, FieldValue("The result is at least this", of="field")] = None
    max: Annotated[Any, FieldValue("The result is at most this", of="field")] = None
    base: Annotated[Any, FieldValue("Stands for a field without a value; 0 unless given", of="field")] = None


@action("increment_number", label="Add to a number", logs="change_data_value", params=IncrementNumberParams)
def increment_number(
    lead: LeadState, params: IncrementNumberParams, context: Context
) -> list[Effect] | Skipped | Failed:
    """The field becomes what it was plus `by`, held between `min` and `max`."""
    field = params.field
    if params.by is None:
        return Skipped("missing: there is no value to add")
    old = lead.values.get(field.key)
    if old is None:
        old = params.base or 0
    new = old + params.by
    if params.min is not None or params.max is not None:
        new = clamp(new, params.min, params.max)
    try:
        return [SetField(field.key, field.cast(new))]
    except ValueError as error:
        return Failed(f"{field.key} {error}")
