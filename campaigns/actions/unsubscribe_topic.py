"""Unsubscribe the lead from a topic."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.definitions.topic import CHANNELS
from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.parameters import Choice
from campaigns.language.references import DefinedRef


class UnsubscribeTopicParams(msgspec.Struct, frozen=True):
    """The topic and the channel."""

    topic: Annotated[Defined, DefinedRef("The topic", "topic")]
    channel: Annotated[str, Choice("By which channel", *CHANNELS)] = "email"


@action(
    "unsubscribe_topic",
    label="Unsubscribe from a topic",
    logs="subscription_changed",
    params=UnsubscribeTopicParams,
    records=["subscription"],
)
def unsubscribe_topic(
    lead: LeadState, params: UnsubscribeTopicParams, context: Context
) -> list[Effect] | NoOp | Skipped:
    """The subscription is off; the channel stays open for other topics."""
    topic, channel = params.topic.key, params.channel
    if channel not in params.topic.spec.channels:
        return Skipped(f"policy: {topic} does not come by {channel}")
    key = f"{topic}:{channel}"
    old = lead.records.get(("subscription", key), {})
    state = "unsubscribed"
    if old.get("state") == state:
        return NoOp()
    new = {"state": state, "since": context.occurred_at.isoformat()}
    data = {"topic": topic, "channel": channel, "state": state}
    return [PutRecord("subscription", key, new, raises=Emit("subscription.changed", data))]
