"""A webhook was called for the lead, and what came of it."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger("webhook_called", label="A webhook is called", keys={"webhook": "Only this webhook"}, hears="webhook.called")
def webhook_called(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The webhook answered, or failed for good, with the parts of the answer that it names; any when none is named."""
    return hear_defined(raw, scope, path, "webhook", "webhook.called")
