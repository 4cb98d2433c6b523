"""An event of one of the tenant's own types."""

from __future__ import annotations

from typing import Any

from campaigns.language.filtertree import compile_where
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger("event", label="An event happens", keys=("event", "where"))
def event(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """An event of the given type, with constraints on its attributes if wanted."""
    name = raw.get("event")
    if not isinstance(name, str):
        scope.fault(f"{path}.event", f"expected the name of an event type, got {show(name)}")
        return None
    spec = scope.schema.event_types.get(name)
    if spec is None:
        hint = scope.hint(name, scope.schema.event_types)
        scope.fault(f"{path}.event", f"unknown event type {show(name)}{hint}")
        return None
    return Subscription(spec, test=compile_where(raw.get("where"), spec, scope, f"{path}.where"))
