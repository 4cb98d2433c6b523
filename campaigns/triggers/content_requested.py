"""Dynamic content is asked for."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "content_requested",
    label="Dynamic content is requested",
    keys={"slot": "Only this slot"},
    hears="web.content_requested",
)
def content_requested(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A page that the lead sees asks for what to show in the slot; any when none is named."""
    return hear_value(raw, scope, path, "slot", "web.content_requested")
