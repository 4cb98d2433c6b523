"""Whether the lead is a member of a program, with a status or with success."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.language.context import Context
from campaigns.language.instants import asks_instant, read_instant
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Leaf, Node, condition, has_record, kept, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.periods import Period, read_period, shift
from campaigns.language.programs import membership as running
from campaigns.language.scope import Scope
from campaigns.language.sqltext import TRUE, Sql, joined, sql
from campaigns.language.values import show

IN_PAST, SUCCESS_AT = "in_past", "success_at"
SINCE = (IN_PAST, "for")
Since = tuple[tuple[str, Period], ...]


@condition("program")
def program(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A membership that runs: {"program": KEY, "operator": "in", "status": [...], "success": true}.
    With `in_past` it has its status since no longer than a period, with `for` since that long or longer; `success_at`
    asks when the program succeeded with the lead: {"operator": "in_past", "value": {...}}, with every operator of
    times."""
    negative = read_membership(raw, "program", scope, path, "status", "success", SUCCESS_AT, *SINCE)
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
    when = _read_success_at(raw, key, scope, path)
    scope.read_records("program", key)

    def matches(lead: LeadState, context: Context) -> bool:
        member = running(lead, key)
        return (
            member is not None
            and (statuses is None or member.get("status") in statuses)
            and (success is None or (SUCCESS_AT in member) is success)
            and (not since or _is_since(member, since, context.now, scope.schema.zone))
            and (when is None or when.matches(lead, context))
        )

    def test(moment: Moment) -> Sql | None:
        succeeded = TRUE if when is None else when.sql(moment)
        return succeeded and has_record("program", _sql(key, statuses, success, since, succeeded, moment))

    return membership(matches, test, kept("program", key), negative=negative)


def _read_success_at(raw: dict[str, Any], key: str, scope: Scope, path: str) -> Leaf | None:
    """What is asked of the instant of success, of a record `r`; None where nothing is."""
    if SUCCESS_AT not in raw:
        return None

    def succeeded(lead: LeadState, context: Context) -> datetime | None:
        at = (running(lead, key) or {}).get(SUCCESS_AT)
        return None if at is None else datetime.fromisoformat(at)

    asked = read_instant(raw[SUCCESS_AT], scope, f"{path}.{SUCCESS_AT}")
    return asks_instant(asked, succeeded, lambda moment: Sql("(r.data ->> 'success_at')::timestamptz"))


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


def _sql(
    key: str, statuses: list[str] | None, success: bool | None, since: Since, succeeded: Sql, moment: Moment
) -> Sql:
    parts = [sql("r.key = {}", key), Sql("NOT jsonb_exists(r.data, 'ended')"), succeeded]
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
    return joined("AND", parts)
