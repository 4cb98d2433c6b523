"""Whether the lead is in a nurture: in which stream, how far, and whether that is used up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.filters.programs import read_parts
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, has_record, kept, membership, read_membership
from campaigns.language.scope import Scope
from campaigns.language.sqltext import joined, sql
from campaigns.language.values import show

POSITION_LIMIT = 1_000_000
POSITIONS = ("position_from", "position_to")


@condition("nurture")
def nurture(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """In a nurture: {"nurture": KEY, "operator": "in", "stream": [...], "position_from": 2, "position_to": 5,
    "exhausted": false}; the position is how many pieces of its stream the lead has had."""
    negative = read_membership(raw, "nurture", scope, path, "stream", "exhausted", *POSITIONS)
    key, known = raw["nurture"], scope.schema.defined("nurture")
    found = known.get(key) if isinstance(key, str) else None
    if found is None:
        scope.fault(f"{path}.nurture", f"unknown nurture {show(key)}{scope.hint(key, known)}")
        return NEVER
    streams = read_parts(raw.get("stream"), found.spec.keys(), "the nurture has no stream", scope, f"{path}.stream")
    least, most = (_read_position(raw.get(name), scope, f"{path}.{name}") for name in POSITIONS)
    exhausted = raw.get("exhausted")
    if exhausted is not None and not isinstance(exhausted, bool):
        scope.fault(f"{path}.exhausted", f"expected true or false, got {show(exhausted)}")
    scope.read_records("nurture", key)

    def matches(lead: LeadState, context: Context) -> bool:
        member = lead.records.get(("nurture", key))
        return (
            member is not None
            and (streams is None or member.get("stream") in streams)
            and (least is None or member.get("position", 0) >= least)
            and (most is None or member.get("position", 0) <= most)
            and (exhausted is None or bool(member.get("exhausted")) is exhausted)
        )

    position = sql("coalesce((r.data ->> 'position')::bigint, 0)")
    parts = [sql("r.key = {}", key)]
    parts += [] if streams is None else [sql("coalesce(r.data ->> 'stream' = ANY({}::text[]), FALSE)", streams)]
    parts += [] if least is None else [sql("{} >= {}", position, least)]
    parts += [] if most is None else [sql("{} <= {}", position, most)]
    parts += [] if exhausted is None else [sql("coalesce((r.data -> 'exhausted') = 'true', FALSE) = {}", exhausted)]
    test = has_record("nurture", joined("AND", parts))
    return membership(matches, lambda moment: test, kept("nurture", key), negative=negative)


def _read_position(raw: Any, scope: Scope, path: str) -> int | None:
    if raw is not None and (type(raw) is not int or not 0 <= raw <= POSITION_LIMIT):
        scope.fault(path, f"expected a whole number from 0 on, got {show(raw)}")
        return None
    return raw  # type: ignore[no-any-return]
