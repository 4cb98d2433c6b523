"""Raise, lower or set the lead's score."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.bounds import clamp, moved
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import Choice, Literal, Value

SCORE_LIMIT = 2**31 - 1  #: the column has 32 bits


class ChangeScoreParams(msgspec.Struct, frozen=True):
    """By how much, or to what."""

    amount: Annotated[int | None, Value("How many points", "integer", nullable=False)]
    op: Annotated[str, Choice("What to do with them", "add", "sub", "set")] = "add"
    min: Annotated[int | None, Literal("The score is at least this", "integer")] = None
    max: Annotated[int | None, Literal("The score is at most this", "integer")] = None
    reason: Annotated[str | None, Literal("Logged with the change", "string")] = None


@action("change_score", label="Change the score", logs="change_score", params=ChangeScoreParams, writes=["field:score"])
def change_score(lead: LeadState, params: ChangeScoreParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The score goes up or down by the amount, or becomes it; held between `min` and `max`."""
    if params.amount is None:
        return Skipped("missing: there is no number of points")
    old = lead.values.get("score") or 0
    new = clamp(moved(old, params.op, params.amount), params.min, params.max)
    if abs(new) > SCORE_LIMIT:
        return Failed("score is out of range: it has 32 bits")
    detail = {"change": new - old}
    return [SetField("score", new, detail | {"reason": params.reason} if params.reason else detail)]
