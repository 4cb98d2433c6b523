"""The lead comes to another stage."""

from __future__ import annotations

from typing import Any

from campaigns.language.fieldchange import ENDS, FIELD_CHANGED, hear_field
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger

KEYS = ENDS | {"direction": "up or down: only to a later stage, or an earlier one"}


@trigger("stage_changed", label="The stage changes", keys=KEYS, hears=FIELD_CHANGED)
def stage_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead comes to another stage, by a campaign or by hand."""
    order = scope.schema.stage_order
    return hear_field(raw, scope.schema.fields["stage"], scope, path, lambda stage: order.get(stage, -1))
