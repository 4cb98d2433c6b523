"""Write values into several fields, all or none."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.parameters import FieldValues


class ChangeFieldsParams(msgspec.Struct, frozen=True):
    """Fields and their new values."""

    fields: Annotated[tuple[tuple[str, Any], ...], FieldValues("An object of fields and their new values")]


@action("change_fields", label="Change several fields", logs="change_data_value", params=ChangeFieldsParams)
def change_fields(lead: LeadState, params: ChangeFieldsParams, context: Context) -> list[Effect]:
    """Each field takes its value; when one value does not fit, none is written."""
    return [SetField(field, value) for field, value in params.fields]
