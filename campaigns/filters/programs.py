"""Whether the lead is a member of a program, with a status or with success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, has_record, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.programs import membership as running
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, joined, sql
from campaigns.language.values import show


@condition("program")
def program(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A membership that runs: {"program": KEY, "operator": "in", "status": [...], "success": true}."""
    negative = read_membership(raw, "program", scope, path, "status", "success")
    key = raw["program"]
    known = scope.schema.defined("program")
    found = known.get(key) if isinstance(key, str) else None
    if found is None:
        scope.fault(f"{path}.program", f"unknown program {show(key)}{scope.hint(key, known)}")
        return NEVER
    statuses = _read_statuses(raw.get("status"), found.spec.keys(), scope, f"{path}.status")
    success = raw.get("success")
    if success is not None and not isinstance(success, bool):
        scope.fault(f"{path}.success", f"expected true or false, got {show(success)}")
    scope.read_records("program", key)

    def matches(lead: LeadState, context: Context) -> bool:
        member = running(lead, key)
        return (
            member is not None
            and (statuses is None or member.get("status") in statuses)
            and (success is None or ("success_at" in member) is success)
        )

    return membership(matches, lambda moment: _sql(key, statuses, success, moment), negative=negative)


def _read_statuses(raw: Any, known: list[str], scope: Scope, path: str) -> list[str] | None:
    if raw is None:
        return None
    items = raw if isinstance(raw, list) and raw else [raw]
    for item in items:
        if item not in known:
            scope.fault(path, f"the program has no status {show(item)}{scope.hint(item, known)}")
    return items


def _sql(key: str, statuses: list[str] | None, success: bool | None, moment: Moment) -> Sql:
    parts = [sql("r.key = {}", key), Sql("NOT jsonb_exists(r.data, 'ended')")]
    if statuses is not None:
        parts.append(sql("coalesce(r.data ->> 'status' = ANY({}::text[]), FALSE)", statuses))
    if success is not None:
        parts.append(sql("jsonb_exists(r.data, 'success_at') = {}", success))
    return has_record("program", joined("AND", parts))
