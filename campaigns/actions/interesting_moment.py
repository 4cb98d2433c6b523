"""Note what those who sell should see at once."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit
from campaigns.language.fieldkinds import BoundedText
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped

TYPE_LIMIT = 64  #: characters
DESCRIPTION_LIMIT = 1_000  #: characters; more is a note


class InterestingMomentParams(msgspec.Struct, frozen=True):
    """What kind of moment, and what happened."""

    type: Annotated[str | None, BoundedText("Its kind, such as Milestone, E-mail or Web", TYPE_LIMIT)]
    description: Annotated[str | None, BoundedText("What happened, in a few words", DESCRIPTION_LIMIT)]


@action(
    "interesting_moment",
    label="Interesting moment",
    logs="interesting_moment",
    params=InterestingMomentParams,
    example={"type": "Purchase", "description": "Bought for {{ event.amount }} at {{ event.shop }}"},
)
def interesting_moment(lead: LeadState, params: InterestingMomentParams, context: Context) -> list[Effect] | Skipped:
    """The moment appears in the lead's history."""
    if params.type is None or params.description is None:
        return Skipped(f"missing: there is no {'type' if params.type is None else 'description'}")
    return [Emit("moment.noted", {"type": params.type, "description": params.description})]
