"""In which partition of the tenant the lead is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, has_record, membership, read_membership
from campaigns.language.partitions import KIND, partition_of
from campaigns.language.scope import Scope
from campaigns.language.sqltext import sql
from campaigns.language.values import show


@condition("partition")
def partition(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The lead was moved into the partition, and not into another since: {"partition": KEY, "operator": "in"}."""
    negative = read_membership(raw, "partition", scope, path)
    key, known = raw["partition"], scope.schema.defined("partition")
    if not isinstance(key, str) or key not in known:
        scope.fault(f"{path}.partition", f"unknown partition {show(key)}{scope.hint(key, known)}")
        return NEVER
    scope.needs_records.add(KIND)

    def matches(lead: LeadState, context: Context) -> bool:
        return partition_of(lead) == key

    test = has_record(KIND, sql("coalesce(r.data ->> 'partition' = {}, FALSE)", key))
    return membership(matches, lambda moment: test, lambda lead, context: partition_of(lead), negative=negative)
