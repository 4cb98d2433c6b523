"""Take back that the lead was deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from campaigns.language.action import action
from campaigns.language.activity import RESTORES
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, RestoreLead
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.request import request


class RestoreLeadParams(msgspec.Struct, frozen=True):
    """Nothing to say."""


@action("restore_lead", label="Restore the lead", logs=RESTORES, params=RestoreLeadParams)
def restore_lead(lead: LeadState, params: RestoreLeadParams, context: Context) -> list[Effect] | NoOp | Skipped:
    """A deleted lead is there again. A campaign that begins with this step hears events of deleted leads, too."""
    if lead.deleted_at is None:
        return NoOp()
    if lead.restorable_until is None:
        return Skipped("policy: the lead was deleted for good")
    if lead.restorable_until <= context.now:
        return Skipped("policy: the lead could be restored for 30 days; they are over")
    return [RestoreLead(), Emit("lead.restored", {})]


@request("lead.restore_requested", logs=RESTORES)
def restore(lead: LeadState, data: Mapping[str, Any], context: Context) -> list[Effect] | NoOp | Skipped:
    """What a person asks for, by the same rules."""
    return restore_lead(lead, RestoreLeadParams(), context)
