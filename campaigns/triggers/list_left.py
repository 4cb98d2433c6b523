"""The lead is a member of a static list no longer."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.triggers.list_joined import find_list


@trigger("list_left", label="A list is left", keys={"list": "Only this list"}, hears="list.left")
def list_left(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead leaves the list, or any list when none is named."""
    found = find_list(raw, scope, path)
    return None if found is None else Subscription(SYSTEM_EVENTS["list.left"], found or None)
