"""The lead is restored."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger


@trigger("lead_restored", label="The lead is restored", hears="lead.restored")
def lead_restored(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The deletion of the lead is taken back."""
    return Subscription(SYSTEM_EVENTS["lead.restored"])
