"""End the campaign here if a condition holds."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Ended, NoOp
from campaigns.language.parameters import Literal
from campaigns.language.rules import Rule


class StopIfParams(msgspec.Struct, frozen=True):
    """The condition, and how the campaign ends by it."""

    rule: Annotated[Matches, Rule("The campaign ends where this holds")]
    label: Annotated[str | None, Literal("How it ended, as reports call it", "string")] = None


@action("stop_if", label="Stop if", logs="guard", params=StopIfParams, kind="flow")
def stop_if(lead: LeadState, params: StopIfParams, context: Context) -> Ended | NoOp:
    """Where the condition holds for the lead as it is now, no further step runs."""
    return Ended(params.label or "stopped") if params.rule(lead, context) else NoOp()
