"""The lead gets a tag."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger("tag_added", label="A tag is added", keys=("tag",))
def tag_added(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead gets the tag, or any tag when none is named."""
    tag = raw.get("tag")
    if tag is not None and not isinstance(tag, str):
        scope.fault(f"{path}.tag", f"expected the name of a tag, got {show(tag)}")
        return None
    if tag is not None and tag not in scope.schema.tags:
        scope.fault(f"{path}.tag", f"unknown tag {show(tag)}{scope.hint(tag, scope.schema.tags)}")
        return None
    return Subscription(SYSTEM_EVENTS["tag.added"], tag)
