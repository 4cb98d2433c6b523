"""An object of the lead's comes, changes or goes."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger(
    "object_changed", label="An object changes", keys={"object": "Only objects of this type"}, hears="object.changed"
)
def object_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """An object of that type is added, changed or deleted (`change` says which); of any type when none is named."""
    return hear_defined(raw, scope, path, "object", "object.changed")
