"""Whether the lead is in a random sample: the same leads for ever, and more as the share grows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.values import cast_decimal, show

PARTS = 10_000  #: a share is told to a hundredth of a percent


@condition("sample")
def sample(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A share of the leads that stays: {"sample": "spring", "operator": "in", "percent": 10}; for each name another."""
    negative = read_membership(raw, "sample", scope, path, "percent")
    name = raw["sample"]
    if not isinstance(name, str) or not name.strip():
        scope.fault(f"{path}.sample", f"expected a name by which the sample is drawn, got {show(name)}")
        return NEVER
    parts = _read_parts(raw.get("percent"), scope, f"{path}.percent")

    def matches(lead: LeadState, context: Context) -> bool:
        return place_of(lead.tenant, name, lead.key) < parts

    def place(lead: LeadState, context: Context) -> float:
        return place_of(lead.tenant, name, lead.key) / 100

    return membership(matches, lambda moment: _sql(name, parts, moment), place, negative=negative)


def _read_parts(raw: Any, scope: Scope, path: str) -> int:
    try:
        share = cast_decimal(raw) * 100
    except ValueError:
        share = cast_decimal(-1)
    if not 0 < share <= PARTS or share != int(share):
        scope.fault(path, f"expected a number above 0 up to 100, of at most 2 decimal places, got {show(raw)}")
    return int(share)


def place_of(tenant: str, name: str, key: str) -> int:
    """Where a lead stands among all, from 0 on: by chance, and for ever."""
    digest = hashlib.sha256(f"{tenant}/{name}/{key}".encode()).digest()
    return int.from_bytes(digest[:4]) % PARTS


def _sql(name: str, parts: int, moment: Moment) -> Sql:
    text = sql("{}::text || l.key", f"{moment.schema.tenant}/{name}/")
    return sql(
        "mod(('x' || encode(substr(sha256(convert_to({}, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint, {}) < {}",
        text, PARTS, parts,
    )  # fmt: skip
