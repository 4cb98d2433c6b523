"""Take the block from a channel."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.definitions.topic import CHANNELS
from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import Choice, Value

#: Reasons of others, which the lead's wish does not take away.
FINAL = ("complaint", "bounce")


class ResubscribeParams(msgspec.Struct, frozen=True):
    """The channel, and what shows that the lead wants it."""

    channel: Annotated[str, Choice("The channel to open", *CHANNELS)]
    evidence: Annotated[str | None, Value("What shows that the lead asked for it", "string", nullable=False)]


@action(
    "resubscribe",
    label="Resubscribe to a channel",
    logs="resubscribe",
    params=ResubscribeParams,
    records=["block"],
    example={"evidence": "Asked for it at {{ event.shop }}"},
)
def resubscribe(lead: LeadState, params: ResubscribeParams, context: Context) -> list[Effect] | NoOp | Skipped | Failed:
    """The channel is open again, unless it was blocked for a complaint or a bounce."""
    channel = params.channel
    block = lead.records.get(("block", channel))
    if block is None:
        return NoOp()
    if block["reason"] in FINAL:
        return Skipped(f"policy: {channel} is blocked for a {block['reason']}")
    if params.evidence is None:
        return Failed("there is no evidence that the lead asked for it")
    data = {"topic": "", "channel": channel, "state": "subscribed"}
    raises = Emit("subscription.changed", data)
    return [PutRecord("block", channel, None, {"evidence": params.evidence}, raises)]
