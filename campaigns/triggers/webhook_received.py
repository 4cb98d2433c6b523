"""Another system has sent something to a hook."""

from __future__ import annotations

from typing import Any

from campaigns.language.hookevents import HOOK_RECEIVED, event_of
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger("webhook_received", label="A webhook is received", keys={"hook": "Only this hook"}, hears=HOOK_RECEIVED)
def webhook_received(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """Something with a good signature arrives at the hook, with the attributes that the hook declares; at any hook
    when none is named."""
    heard = hear_defined(raw, scope, path, "hook", HOOK_RECEIVED)
    if heard is None or heard.qualifier is None:
        return heard
    return Subscription(event_of(scope.schema.defined("hook")[heard.qualifier]), heard.qualifier)
