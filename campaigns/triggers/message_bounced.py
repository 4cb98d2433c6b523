"""A message bounces."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, narrowed, trigger
from campaigns.language.values import show

KINDS = ("hard", "soft")


@trigger(
    "message_bounced",
    label="A message bounces",
    keys={"message": "Only this message", "kind": "hard: for good; soft: for now; both unless given"},
    hears="message.bounced",
)
def message_bounced(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The message cannot be delivered; any message when none is named."""
    heard, kind = hear_value(raw, scope, path, "message", "message.bounced"), raw.get("kind")
    if kind is None:
        return heard
    if kind not in KINDS:
        scope.fault(f"{path}.kind", f"expected one of {', '.join(KINDS)}, got {show(kind)}")
        return None

    def is_of_kind(lead: LeadState, context: Context) -> bool:
        return context.event.get("kind") == kind

    return narrowed(heard, is_of_kind)
