"""Block a channel for marketing."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.definitions.topic import CHANNELS
from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.parameters import Choice, Value


class UnsubscribeParams(msgspec.Struct, frozen=True):
    """The channel and why."""

    channel: Annotated[str, Choice("The channel to block", *CHANNELS)]
    reason: Annotated[str, Choice("Why", "request", "complaint", "bounce", "policy")] = "request"
    comment: Annotated[str | None, Value("Kept with it", "string")] = None


@action(
    "unsubscribe", label="Unsubscribe from a channel", logs="unsubscribe", params=UnsubscribeParams, records=["block"]
)
def unsubscribe(lead: LeadState, params: UnsubscribeParams, context: Context) -> list[Effect] | NoOp:
    """The channel is blocked for marketing from now on; the first reason stays."""
    channel = params.channel
    if ("block", channel) in lead.records:
        return NoOp()
    new = {"reason": params.reason, "since": context.occurred_at.isoformat()}
    if params.comment:
        new["comment"] = params.comment
    data = {"topic": "", "channel": channel, "state": "unsubscribed"}
    return [PutRecord("block", channel, new, raises=Emit("subscription.changed", data))]
