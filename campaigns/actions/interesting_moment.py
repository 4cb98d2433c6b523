"""Note what those who sell should see at once."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.fieldkinds import BoundedText
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Choice, WholeNumber

TYPE_LIMIT = 64  #: characters
DESCRIPTION_LIMIT = 1_000  #: characters; more is a note
MOMENTS = "moments"  #: the kind and key of the record that counts a lead's moments of a day


class InterestingMomentParams(msgspec.Struct, frozen=True):
    """What kind of moment, what happened, who sees it, and how many are enough."""

    type: Annotated[str | None, BoundedText("Its kind, such as Milestone, E-mail or Web", TYPE_LIMIT)]
    description: Annotated[str | None, BoundedText("What happened, in a few words", DESCRIPTION_LIMIT)]
    visible_to: Annotated[
        str,
        Choice(
            "Whom the admin shows it in the lead's history: everyone, or the lead's owner alone", "everyone", "owner"
        ),
    ] = "everyone"
    max_per_day: Annotated[
        int,
        WholeNumber("It is skipped where the lead has so many that day, counted over all campaigns", 1, 1_000),
    ] = 50


@action(
    "interesting_moment",
    label="Interesting moment",
    logs="interesting_moment",
    params=InterestingMomentParams,
    records=[MOMENTS],
    writes=[],  # which of two moments is one too many is nothing that an order of campaigns is chosen for
    example={"type": "Purchase", "description": "Bought for {{ event.amount }} at {{ event.shop }}"},
)
def interesting_moment(lead: LeadState, params: InterestingMomentParams, context: Context) -> list[Effect] | Skipped:
    """The moment appears in the lead's history. The day is the tenant's. One for the owner alone is shown to users with
    the owner's e-mail address and to superusers; the API gives every moment, with whom it is for."""
    if params.type is None or params.description is None:
        return Skipped(f"missing: there is no {'type' if params.type is None else 'description'}")
    day = context.schema.day(context.occurred_at).isoformat()
    kept = lead.records.get((MOMENTS, MOMENTS), {})
    count = kept["count"] if kept.get("day") == day else 0
    if count >= params.max_per_day:
        return Skipped(f"policy: the lead has {count} moments of {day} already, at most {params.max_per_day} are noted")
    told = {"type": params.type, "description": params.description}
    if params.visible_to != "everyone":
        told["visible_to"] = params.visible_to
    return [Emit("moment.noted", told), PutRecord(MOMENTS, MOMENTS, {"day": day, "count": count + 1}, quiet=True)]
