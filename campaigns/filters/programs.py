"""Whether the lead is a member of a program, with a status or with success."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, has_record, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.periods import Period, read_period, shift
from campaigns.language.programs import membership as running
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, joined, sql
from campaigns.language.values import show

IN_PAST = "in_past"
SINCE = (IN_PAST, "for")
Since = tuple[tuple[str, Period], ...]


@condition("program")
def program(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A membership that runs: {"program": KEY, "operator": "in", "status": [...], "success": true}.
    With `in_past` it has its status since no longer than a period, with `for` since that long or longer."""
    negative = read_membership(raw, "program", scope, path, "status", "success", *SINCE)
    key = raw["program"]
    known = scope.schema.defined("program")
    found = known.get(key) if isinstance(key, str) else None
    if found is None:
        scope.fault(f"{path}.program", f"unknown program {show(key)}{scope.hint(key, known)}")
        return NEVER
    statuses = read_parts(raw.get("status"), found.spec.keys(), "the program has no status", scope, f"{path}.status")
    since = _read_since(raw, scope, path)
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
            and (not since or _is_since(member, since, context.now, scope.schema.zone))
        )

    return membership(matches, lambda moment: _sql(key, statuses, success, since, moment), negative=negative)


def _read_since(raw: dict[str, Any], scope: Scope, path: str) -> Since:
    periods = [(name, read_period(raw[name], scope, f"{path}.{name}")) for name in SINCE if name in raw]
    for name, period in periods:
        if period is not None and period.amount < 1:
            scope.fault(f"{path}.{name}.amount", "must be at least 1")
    return tuple((name, period) for name, period in periods if period is not None)


def _is_since(member: dict[str, Any], since: Since, now: datetime, zone: ZoneInfo) -> bool:
    """Nobody is taken for a member since a time that is not known."""
    if "since" not in member:
        return False
    began = datetime.fromisoformat(member["since"])
    bounds = [(name, shift(now, -period, zone)) for name, period in since]
    return all(began >= bound if name == IN_PAST else began <= bound for name, bound in bounds)


def read_parts(raw: Any, known: list[str], message: str, scope: Scope, path: str) -> list[str] | None:
    """One of the known words or a list of them; None for any."""
    if raw is None:
        return None
    items = raw if isinstance(raw, list) and raw else [raw]
    for item in items:
        if item not in known:
            scope.fault(path, f"{message} {show(item)}{scope.hint(item, known)}")
    return items


def _sql(key: str, statuses: list[str] | None, success: bool | None, since: Since, moment: Moment) -> Sql:
    parts = [sql("r.key = {}", key), Sql("NOT jsonb_exists(r.data, 'ended')")]
    if statuses is not None:
        parts.append(sql("coalesce(r.data ->> 'status' = ANY({}::text[]), FALSE)", statuses))
    if success is not None:
        parts.append(sql("jsonb_exists(r.data, 'success_at') = {}", success))
    for name, period in since:
        bound = shift(moment.now, -period, moment.schema.zone)
        template = "coalesce((r.data ->> 'since')::timestamptz {} {{}}, FALSE)".format(
            ">=" if name == IN_PAST else "<="
        )
        parts.append(sql(template, bound))
    return has_record("program", joined("AND", parts))
