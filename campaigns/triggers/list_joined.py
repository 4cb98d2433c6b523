"""The lead becomes a member of a static list."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger("list_joined", label="A list is joined", keys=("list",))
def list_joined(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead joins the list, or any list when none is named."""
    key = raw.get("list")
    if key is not None and not isinstance(key, str):
        scope.fault(f"{path}.list", f"expected the name of a list, got {show(key)}")
        return None
    if key is not None and key not in scope.schema.lists:
        scope.fault(f"{path}.list", f"unknown list {show(key)}{scope.hint(key, scope.schema.lists)}")
        return None
    return Subscription(SYSTEM_EVENTS["list.joined"], key)
