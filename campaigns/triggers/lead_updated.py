"""Any field of the lead takes another value."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.fieldchange import FIELD_CHANGED
from campaigns.language.lead import LeadState
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import PSEUDO_FIELDS, Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show

FIELDS_LIMIT = 100


@trigger(
    "lead_updated", label="A lead is updated", keys={"fields": "Only changes of these fields"}, hears=FIELD_CHANGED
)
def lead_updated(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """One of the fields changes; any field when none is named. Heard once for each field that changes."""
    event, wanted = SYSTEM_EVENTS[FIELD_CHANGED], raw.get("fields")
    if wanted is None:
        return Subscription(event)
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= FIELDS_LIMIT:
        scope.fault(f"{path}.fields", f"expected a list of 1 to {FIELDS_LIMIT} fields, got {show(wanted)}")
        return None
    names = frozenset(_plain(name, scope, f"{path}.fields[{index}]") for index, name in enumerate(wanted))

    def is_wanted(lead: LeadState, context: Context) -> bool:
        return context.event.get("field") in names

    return Subscription(event, test=is_wanted)


def _plain(name: Any, scope: Scope, path: str) -> str:
    spec = scope.look_up_field(name, path)
    if spec is not None and spec.key in PSEUDO_FIELDS:
        scope.fault(path, "is no plain field; use the triggers of tags and lists")
    return spec.key if spec else ""
