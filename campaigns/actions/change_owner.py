"""Give the lead to an owner."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import OwnerValue


class ChangeOwnerParams(msgspec.Struct, frozen=True):
    """The owner."""

    owner: Annotated[str | None, OwnerValue("The owner's e-mail address")]


@action("change_owner", label="Change the owner", logs="change_owner", params=ChangeOwnerParams, writes=["field:owner"])
def change_owner(lead: LeadState, params: ChangeOwnerParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The lead belongs to the owner afterwards. An inactive owner gets no leads."""
    schema = context.schema
    if params.owner is None:
        return Skipped("missing: there is no owner")
    if params.owner not in schema.owners:
        return Failed(f"there is no owner {params.owner}")
    if params.owner in schema.inactive_owners:
        return Skipped(f"policy: owner {params.owner} is inactive")
    return [SetField("owner", params.owner)]
