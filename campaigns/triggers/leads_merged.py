"""Leads are merged."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger


@trigger("leads_merged", label="Leads are merged", hears="lead.merged")
def leads_merged(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """Another lead was merged into this one; `loser` is its key."""
    return Subscription(SYSTEM_EVENTS["lead.merged"])
