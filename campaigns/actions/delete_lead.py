"""Delete the lead."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import DeleteLead, Effect
from campaigns.language.lead import LeadState
from campaigns.language.parameters import Choice

RESTORABLE = timedelta(days=30)


class DeleteLeadParams(msgspec.Struct, frozen=True):
    """Whether it may come back."""

    mode: Annotated[str, Choice("`soft` can be restored for 30 days, `hard` cannot", "soft", "hard")] = "soft"


@action("delete_lead", label="Delete the lead", logs="delete_lead", params=DeleteLeadParams, final=True)
def delete_lead(lead: LeadState, params: DeleteLeadParams, context: Context) -> list[Effect]:
    """Nothing happens to the lead any more; when it cannot be restored any more, its history is removed, too."""
    return [DeleteLead(context.now, context.now + RESTORABLE if params.mode == "soft" else None)]
