"""Take the lead off a static list."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, LeaveList
from campaigns.language.lead import LeadState
from campaigns.language.parameters import ListRef


class RemoveFromListParams(msgspec.Struct, frozen=True):
    """The list."""

    list: Annotated[str, ListRef("The static list")]


@action("remove_from_list", label="Remove from a list", logs="remove_from_list", params=RemoveFromListParams)
def remove_from_list(lead: LeadState, params: RemoveFromListParams, context: Context) -> list[Effect]:
    """The lead is no member of the list afterwards."""
    return [LeaveList(params.list)]
