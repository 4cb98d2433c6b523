"""Add values to a multi-select field."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.fieldkinds import OptionValues
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import FieldRef
from campaigns.language.schema import FieldSpec
from campaigns.language.values import ITEMS_LIMIT


class AddValuesParams(msgspec.Struct, frozen=True):
    """A field of several values, and those that come."""

    field: Annotated[FieldSpec, FieldRef("The field to add to", "multi_select")]
    values: Annotated[frozenset[str] | None, OptionValues("Those of its options that are added", of="field")]


@action("add_values", label="Add values", logs="change_data_value", params=AddValuesParams)
def add_values(lead: LeadState, params: AddValuesParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The field has the values afterwards, beside those that it had."""
    key = params.field.key
    if params.values is None:
        return Skipped("missing: there are no values to add")
    new = params.values.union(lead.values.get(key) or ())
    if len(new) > ITEMS_LIMIT:
        return Failed(f"{key} would have {len(new)} values, at most {ITEMS_LIMIT} are allowed; remove some first")
    return [SetField(key, new)]
