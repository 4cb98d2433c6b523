"""The lead loses a tag."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.triggers.tag_added import find_tag


@trigger("tag_removed", label="A tag is removed", keys={"tag": "Only this tag"}, hears="tag.removed")
def tag_removed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead loses the tag, or any tag when none is named."""
    found = find_tag(raw, scope, path)
    return None if found is None else Subscription(SYSTEM_EVENTS["tag.removed"], found or None)
