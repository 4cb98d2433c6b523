"""The lead is moved into another partition."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.partitions import CHANGED, KIND
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show

KEYS = {"from": "Only from this partition; null: only who was in none", "to": "Only into this partition"}


@trigger("partition_changed", label="The partition changes", keys=KEYS, hears=CHANGED)
def partition_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A campaign moves the lead from one partition into another; of any into any when none is named."""
    found = [_partition(raw, name, scope, path) for name in ("from", "to")]
    if not all(found):
        return None
    old = raw.get("from")

    def leaves(lead: LeadState, context: Context) -> bool:
        return bool(context.event.get("from") == old)

    return Subscription(SYSTEM_EVENTS[CHANGED], raw.get("to"), leaves if "from" in raw else None)


def _partition(raw: dict[str, Any], name: str, scope: Scope, path: str) -> bool:
    """Whether a partition that is named is one."""
    key, known = raw.get(name), scope.schema.defined(KIND)
    if key is None or (isinstance(key, str) and key in known):
        return True
    scope.fault(f"{path}.{name}", f"unknown partition {show(key)}{scope.hint(key, known)}")
    return False
