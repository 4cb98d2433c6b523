"""A lead comes to be."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger


@trigger("lead_created", label="A lead is created", hears="lead.created")
def lead_created(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A lead is created, by whatever way; heard before the event that created it."""
    return Subscription(SYSTEM_EVENTS["lead.created"])
