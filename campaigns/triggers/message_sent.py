"""A message has left."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("message_sent", label="A message is sent", keys={"message": "Only this e-mail"}, hears="message.sent")
def message_sent(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The mail server has taken the e-mail; any when none is named."""
    return hear_value(raw, scope, path, "message", "message.sent", tuple(scope.schema.defined("email")))
