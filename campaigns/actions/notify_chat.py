"""Say something in a chat."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Deliver, Effect
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import Value
from campaigns.language.references import DefinedRef

CHANNEL = "webhook"
LENGTH_LIMIT = 4_000  #: characters: what the usual chats take in one message


class NotifyChatParams(msgspec.Struct, frozen=True):
    """Where, and what."""

    destination: Annotated[
        Defined, DefinedRef("The webhook whose address is the chat's own hook for messages", "webhook")
    ]
    text: Annotated[str | None, Value("The message; a template", "text")]


@action("notify_chat", label="Notify a chat", logs="chat_notified", params=NotifyChatParams, kind="outside")
def notify_chat(lead: LeadState, params: NotifyChatParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The text is posted as {"text": …} after the commit. The chat is a definition of the kind webhook: its address,
    headers and secrets are those of the chat's incoming hook, as Slack, Mattermost or Rocket.Chat gives one. The body
    that the definition may have is left out. Each chat is a webhook of its own; the step names it."""
    if params.text is None:
        return Skipped("missing: there is no text")
    if params.destination.archived:
        return Skipped(f"policy: {params.destination.key} is archived")
    if len(params.text) > LENGTH_LIMIT:
        return Failed(f"the text has {len(params.text):,} characters, at most {LENGTH_LIMIT:,} are sent")
    key, spec = params.destination.key, params.destination.spec
    body = msgspec.json.encode({"text": params.text}).decode()
    request = msgspec.to_builtins(spec) | {"body": body}
    return [Deliver(CHANNEL, spec.destination, key, request, {"webhook": key, "text": params.text})]
