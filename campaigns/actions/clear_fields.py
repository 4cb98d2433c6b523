"""Empty fields of the lead."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.parameters import FieldRefs
from campaigns.language.schema import FieldSpec


class ClearFieldsParams(msgspec.Struct, frozen=True):
    """The fields to empty."""

    fields: Annotated[tuple[FieldSpec, ...], FieldRefs("The fields to clear")]


@action("clear_fields", label="Clear fields", logs="change_data_value", params=ClearFieldsParams)
def clear_fields(lead: LeadState, params: ClearFieldsParams, context: Context) -> list[Effect]:
    """The fields have no value afterwards."""
    return [SetField(field.key, None) for field in params.fields]
