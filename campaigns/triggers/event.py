"""An event of a type that is named."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.standardevents import STANDARD_EVENTS
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show

STANDARD = {spec.name: spec for spec in STANDARD_EVENTS}


@trigger("event", label="An event happens", keys={"event": "The event type"})
def event(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """An event of the given type: one of the tenant's own, or one that every tenant has."""
    name = raw.get("event")
    if not isinstance(name, str):
        scope.fault(f"{path}.event", f"expected the name of an event type, got {show(name)}")
        return None
    spec = scope.schema.event_types.get(name) or STANDARD.get(name)
    if spec is None:
        hint = scope.hint(name, scope.schema.event_types)
        scope.fault(f"{path}.event", f"unknown event type {show(name)}{hint}")
        return None
    return Subscription(spec)
