"""Whether the lead reached a goal, and which bucket of an experiment it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, has_record, kept, membership, read_membership
from campaigns.language.scope import Scope
from campaigns.language.sqltext import joined, sql
from campaigns.language.values import show

BUCKETS_LIMIT = 1_000


@condition("goal")
def goal(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The goal was reached, once or more: {"goal": KEY, "operator": "in"}."""
    negative = read_membership(raw, "goal", scope, path)
    key, known = raw["goal"], scope.schema.defined("goal")
    if not isinstance(key, str) or key not in known:
        scope.fault(f"{path}.goal", f"unknown goal {show(key)}{scope.hint(key, known)}")
        return NEVER
    scope.read_records("goal", key)

    def reached(lead: LeadState, context: Context) -> list[str]:
        return sorted(place for kind, place in lead.records if kind == "goal" and place.partition(":")[0] == key)

    def matches(lead: LeadState, context: Context) -> bool:
        return bool(reached(lead, context))

    test = has_record("goal", sql("split_part(r.key, ':', 1) = {}", key))
    return membership(matches, lambda moment: test, reached, negative=negative)


@condition("bucket")
def bucket(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The bucket that assign_bucket gave: {"bucket": NAMESPACE, "operator": "in", "buckets": [0, 1]}."""
    negative = read_membership(raw, "bucket", scope, path, "buckets")
    name, buckets = raw["bucket"], raw.get("buckets")
    if not isinstance(name, str) or not name:
        scope.fault(f"{path}.bucket", f"expected the name of an experiment, got {show(name)}")
        return NEVER
    if (
        not isinstance(buckets, list)
        or not 1 <= len(buckets) <= BUCKETS_LIMIT
        or any(type(number) is not int or number < 0 or number >= 2**31 for number in buckets)
    ):
        scope.fault(f"{path}.buckets", f"expected a list of 1 to {BUCKETS_LIMIT} numbers from 0 on")
        return NEVER
    scope.read_records("bucket", name)

    def matches(lead: LeadState, context: Context) -> bool:
        return lead.records.get(("bucket", name), {}).get("bucket") in buckets

    among = sql("coalesce((r.data ->> 'bucket')::integer = ANY({}::integer[]), FALSE)", buckets)
    test = has_record("bucket", joined("AND", [sql("r.key = {}", name), among]))
    return membership(matches, lambda moment: test, kept("bucket", name), negative=negative)
