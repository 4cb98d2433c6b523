"""Who looks after the lead: somebody who still gets leads, somebody of a pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leadsql import value_of
from campaigns.language.leaf import NEVER, Node, condition, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.values import show

OWNER = "owner"
STATES = ("active", "inactive")


@condition("owner")
def owner(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The lead's owner gets leads, or does no more: {"owner": "active"}; nobody is neither."""
    scope.expect_keys(raw, path, ("owner",))
    if raw["owner"] not in STATES:
        scope.fault(f"{path}.owner", f"expected one of {', '.join(STATES)}, got {show(raw['owner'])}")
        return NEVER
    scope.find_field(OWNER, path)
    inactive = scope.schema.inactive_owners
    wanted = inactive if raw["owner"] == "inactive" else frozenset(scope.schema.owners) - inactive
    return _among(wanted, negative=False)


@condition("pool")
def pool(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The lead's owner is one of a pool, such as a team: {"pool": KEY, "operator": "in"}."""
    negative = read_membership(raw, "pool", scope, path)
    key, known = raw["pool"], scope.schema.defined("pool")
    if not isinstance(key, str) or key not in known:
        scope.fault(f"{path}.pool", f"unknown pool {show(key)}{scope.hint(key, known)}")
        return NEVER
    scope.find_field(OWNER, path)
    return _among(frozenset(one.email for one in known[key].spec.owners), negative=negative)


def _among(wanted: frozenset[str], *, negative: bool) -> Node:
    def matches(lead: LeadState, context: Context) -> bool:
        return lead.values.get(OWNER) in wanted

    def test(moment: Moment) -> Sql | None:
        value = value_of(OWNER, moment)
        return value and sql("coalesce({} = ANY({}::text[]), FALSE)", value, sorted(wanted))

    return membership(matches, test, lambda lead, context: lead.values.get(OWNER), negative=negative)
