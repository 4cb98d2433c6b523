"""The lead becomes a member of a static list."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger("list_joined", label="A list is joined", keys={"list": "Only this list"}, hears="list.joined")
def list_joined(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead joins the list, or any list when none is named."""
    found = find_list(raw, scope, path)
    return None if found is None else Subscription(SYSTEM_EVENTS["list.joined"], found or None)


def find_list(raw: dict[str, Any], scope: Scope, path: str) -> str | None:
    """The list that is named; empty for any, None with a fault."""
    key = raw.get("list")
    if key is None:
        return ""
    if not isinstance(key, str):
        scope.fault(f"{path}.list", f"expected the name of a list, got {show(key)}")
        return None
    if key not in scope.schema.lists:
        scope.fault(f"{path}.list", f"unknown list {show(key)}{scope.hint(key, scope.schema.lists)}")
        return None
    return key
