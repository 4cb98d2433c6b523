"""End the campaign here."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Ended
from campaigns.language.parameters import Literal


class ExitFlowParams(msgspec.Struct, frozen=True):
    """How it ended."""

    label: Annotated[str | None, Literal("How it ended, as reports call it", "string")] = None


@action("exit_flow", label="Exit the flow", logs="run_ended", params=ExitFlowParams, kind="flow")
def exit_flow(lead: LeadState, params: ExitFlowParams, context: Context) -> Ended:
    """No further step of the campaign runs for this event."""
    return Ended(params.label or "exit")
