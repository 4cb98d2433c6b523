"""The lead ceases to match a smart list."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.watching import LEFT
from campaigns.triggers.smart_list_joined import hear_list


@trigger("smart_list_left", label="A smart list is left", keys={"smart_list": "The smart list"}, hears=LEFT)
def smart_list_left(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead matches the smart list no longer; looked at as `smart_list_joined` is."""
    return hear_list(raw, scope, path, LEFT)
