"""Make several changes as one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.flowkinds import Enclosed
from campaigns.language.lead import LeadState
from campaigns.language.outcome import CloseGroup, OpenGroup

WHY = "a group takes steps that change what is kept of the lead, none that wait, branch, end or ask others"


class TransactionGroupParams(msgspec.Struct, frozen=True):
    """What belongs together."""

    steps: Annotated[
        int | None, Enclosed("Steps that change the lead; all of them, or none", natures=("state",), why=WHY)
    ]


@action("transaction_group", label="Change as one", logs="group", params=TransactionGroupParams, kind="flow")
def transaction_group(lead: LeadState, params: TransactionGroupParams, context: Context) -> OpenGroup | CloseGroup:
    """The steps run one after the other. When one fails, nothing of what they did happened, and the group fails with
    the step's name; the run goes on behind it."""
    return CloseGroup() if context.run.returned else OpenGroup(body=params.steps)
