"""What is kept of a member of a program changes."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, narrowed, trigger
from campaigns.language.values import show


@trigger(
    "member_data_changed",
    label="What is kept of a member changes",
    keys={"program": "Only in this program", "field": "Only this field of it"},
    hears="program.member_changed",
)
def member_data_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A field of the lead's membership in the program changes; in any program when none is named."""
    heard, wanted = hear_defined(raw, scope, path, "program", "program.member_changed"), raw.get("field")
    if wanted is None or heard is None:
        return heard
    if not isinstance(wanted, str):
        scope.fault(f"{path}.field", f"expected the name of a field, got {show(wanted)}")
        return None
    if heard.qualifier is not None:
        known = scope.schema.defined("program")[heard.qualifier].spec.field_names()
        if wanted not in known:
            scope.fault(f"{path}.field", f"'{heard.qualifier}' has no field {show(wanted)}{scope.hint(wanted, known)}")

    def is_wanted(lead: LeadState, context: Context) -> bool:
        return context.event.get("field") == wanted

    return narrowed(heard, is_wanted)
