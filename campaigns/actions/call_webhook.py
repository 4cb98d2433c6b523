"""Call a program elsewhere."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Deliver, Effect
from campaigns.language.lead import LeadState
from campaigns.language.messages import Call, WebhookRef
from campaigns.language.outcome import Failed, Skipped

CHANNEL = "webhook"
SIZE_LIMIT = 64_000  #: bytes of JSON (UTF-8) in one request

_encode = msgspec.json.Encoder(decimal_format="number").encode


class CallWebhookParams(msgspec.Struct, frozen=True):
    """The webhook."""

    webhook: Annotated[Call, WebhookRef("The webhook to call; it says where, with what, and which answers are good")]


@action("call_webhook", label="Call a webhook", logs="call_webhook", params=CallWebhookParams, kind="outside")
def call_webhook(lead: LeadState, params: CallWebhookParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The request is made after the commit; what came of it is the event webhook.called, with parts of the answer."""
    call, spec = params.webhook, params.webhook.spec
    if call.archived:
        return Skipped(f"policy: {call.key} is archived")
    body = _encode(call.body(lead, context))
    if len(body) > SIZE_LIMIT:
        return Failed(f"the request has {len(body):,} bytes, at most {SIZE_LIMIT:,} bytes (UTF-8) are sent")
    request = msgspec.to_builtins(spec) | {"body": body.decode()}
    return [Deliver(CHANNEL, spec.destination, call.key, request, {"webhook": call.key, "url": spec.url})]
