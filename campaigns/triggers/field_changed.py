"""A field of the lead takes another value."""

from __future__ import annotations

from typing import Any

from campaigns.language.fieldchange import ENDS, FIELD_CHANGED, hear_field
from campaigns.language.scope import PSEUDO_FIELDS, Scope
from campaigns.language.trigger import Subscription, trigger

KEYS = {"field": "Its name"} | ENDS | {"direction": "up or down: only where it grows, or shrinks"}


@trigger("field_changed", label="A field changes", keys=KEYS, hears=FIELD_CHANGED)
def field_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The field changes, from one value and to another if wanted; null stands for no value."""
    spec = scope.look_up_field(raw.get("field"), f"{path}.field")
    if spec is None:
        return None
    if spec.key in PSEUDO_FIELDS:
        scope.fault(f"{path}.field", "is no plain field; use the trigger tag_added or list_joined")
        return None
    return hear_field(raw, spec, scope, path)
