"""The lead gets a tag."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger("tag_added", label="A tag is added", keys={"tag": "Only this tag"}, hears="tag.added")
def tag_added(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead gets the tag, or any tag when none is named."""
    found = find_tag(raw, scope, path)
    return None if found is None else Subscription(SYSTEM_EVENTS["tag.added"], found or None)


def find_tag(raw: dict[str, Any], scope: Scope, path: str) -> str | None:
    """The tag that is named; empty for any, None with a fault."""
    tag = raw.get("tag")
    if tag is None:
        return ""
    if not isinstance(tag, str):
        scope.fault(f"{path}.tag", f"expected the name of a tag, got {show(tag)}")
        return None
    if tag not in scope.schema.tags:
        scope.fault(f"{path}.tag", f"unknown tag {show(tag)}{scope.hint(tag, scope.schema.tags)}")
        return None
    return tag
