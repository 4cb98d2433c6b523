"""Another person looks after the lead."""

from __future__ import annotations

from typing import Any

from campaigns.language.fieldchange import ENDS, FIELD_CHANGED, hear_field
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger


@trigger("owner_changed", label="The owner changes", keys=ENDS, hears=FIELD_CHANGED)
def owner_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead gets another owner, or none, by a campaign or by hand."""
    return hear_field(raw, scope.schema.fields["owner"], scope, path)
