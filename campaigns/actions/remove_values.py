"""Remove values from a multi-select field."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.fieldkinds import OptionValues
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import FieldRef
from campaigns.language.schema import FieldSpec


class RemoveValuesParams(msgspec.Struct, frozen=True):
    """A field of several values, and those that go."""

    field: Annotated[FieldSpec, FieldRef("The field to remove from", "multi_select")]
    values: Annotated[
        frozenset[str] | None,
        OptionValues("What is removed; an option that was retired since, too", of="field", known=False),
    ]


@action("remove_values", label="Remove values", logs="change_data_value", params=RemoveValuesParams)
def remove_values(lead: LeadState, params: RemoveValuesParams, context: Context) -> list[Effect] | Skipped:
    """The field does not have the values afterwards; with the last one it is empty."""
    key = params.field.key
    if params.values is None:
        return Skipped("missing: there are no values to remove")
    old = lead.values.get(key) or frozenset()
    return [SetField(key, old - params.values or None)]
