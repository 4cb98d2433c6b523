"""Subscribe the lead to a topic."""

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
from campaigns.language.parameters import Choice, Literal
from campaigns.language.references import DefinedRef


class SubscribeTopicParams(msgspec.Struct, frozen=True):
    """The topic and the channel."""

    topic: Annotated[Defined, DefinedRef("The topic", "topic")]
    channel: Annotated[str, Choice("By which channel", *CHANNELS)] = "email"
    confirmed: Annotated[bool | None, Literal("The lead has confirmed it already", "boolean")] = False


@action(
    "subscribe_topic",
    label="Subscribe to a topic",
    logs="subscription_changed",
    params=SubscribeTopicParams,
    records=["subscription"],
)
def subscribe_topic(lead: LeadState, params: SubscribeTopicParams, context: Context) -> list[Effect] | NoOp | Skipped:
    """The subscription is on; where the topic asks for it, it waits for the lead to confirm it."""
    topic, channel = params.topic.key, params.channel
    if channel not in params.topic.spec.channels:
        return Skipped(f"policy: {topic} does not come by {channel}")
    key = f"{topic}:{channel}"
    old = lead.records.get(("subscription", key), {})
    waits = params.topic.spec.double_opt_in and not params.confirmed
    state = "pending" if waits else "subscribed"
    if old.get("state") == "subscribed":
        state = "subscribed"
    if old.get("state") == state:
        return NoOp()
    new = {"state": state, "since": context.occurred_at.isoformat()}
    data = {"topic": topic, "channel": channel, "state": state}
    return [PutRecord("subscription", key, new, raises=Emit("subscription.changed", data))]
