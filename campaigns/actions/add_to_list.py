"""Put the lead on a static list."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, JoinList
from campaigns.language.lead import LeadState
from campaigns.language.parameters import ListRef


class AddToListParams(msgspec.Struct, frozen=True):
    """The list."""

    list: Annotated[str, ListRef("The static list")]


@action("add_to_list", label="Add to a list", logs="add_to_list", params=AddToListParams)
def add_to_list(lead: LeadState, params: AddToListParams, context: Context) -> list[Effect]:
    """The lead is a member of the list afterwards."""
    return [JoinList(params.list)]
