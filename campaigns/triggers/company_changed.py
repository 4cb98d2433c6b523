"""The lead belongs to another company."""

from __future__ import annotations

from typing import Any

from campaigns.language.fieldchange import ENDS, FIELD_CHANGED, hear_field
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger


@trigger("company_changed", label="The company changes", keys=ENDS, hears=FIELD_CHANGED)
def company_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead gets another company, or none, by a campaign or by hand."""
    return hear_field(raw, scope.schema.fields["company"], scope, path)
