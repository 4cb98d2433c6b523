"""Take back that the lead was deleted."""

from __future__ import annotations

import msgspec

from campaigns.language.action import action
from campaigns.language.activity import RESTORES
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, RestoreLead
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped


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
