"""A message is opened."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("message_opened", label="A message is opened", keys={"message": "Only this message"}, hears="message.opened")
def message_opened(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead opens the message; any when none is named. What the provider takes for a machine has `bot` true."""
    return hear_value(raw, scope, path, "message", "message.opened")
