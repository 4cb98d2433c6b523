"""A message was skipped by a rule, or could not be sent."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, narrowed, trigger
from campaigns.language.values import show

OUTCOMES = ("skipped", "failed", "cancelled")


@trigger(
    "message_failed",
    label="A message is skipped or fails",
    keys={
        "message": "Only this e-mail",
        "outcome": "skipped: a rule forbade it; failed: for good; cancelled: before it left; any unless given",
    },
    hears="message.failed",
)
def message_failed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The e-mail does not reach the lead; any when none is named."""
    messages, outcome = tuple(scope.schema.defined("email")), raw.get("outcome")
    heard = hear_value(raw, scope, path, "message", "message.failed", messages)
    if outcome is None:
        return heard
    if outcome not in OUTCOMES:
        scope.fault(f"{path}.outcome", f"expected one of {', '.join(OUTCOMES)}, got {show(outcome)}")
        return None

    def is_so(lead: LeadState, context: Context) -> bool:
        return context.event.get("outcome") == outcome

    return narrowed(heard, is_so)
