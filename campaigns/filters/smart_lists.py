"""Whether the lead is on a smart list: whether it matches the list's filter now, and is not excluded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.exclusions import EXCLUDED, is_excluded
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Group, Leaf, Node, condition, has_record, read_membership
from campaigns.language.operator import Moment
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.values import show

NESTED_LIMIT = 5  #: smart lists within one another
CONDITIONS_LIMIT = 1_000  #: of one smart list, those of the lists within it counted


@condition("smart_list")
def smart_list(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The filter of the list, and that the lead is not excluded, in place of the condition."""
    negative = read_membership(raw, "smart_list", scope, path)
    node = _read(raw["smart_list"], scope, f"{path}.smart_list", read)
    return Group("none", (node,)) if negative else node


def _read(key: Any, scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    known = scope.schema.defined("smart_list")
    found = known.get(key) if isinstance(key, str) else None
    if found is None:
        scope.fault(path, f"unknown smart list {show(key)}{scope.hint(key, known)}")
    elif found.archived and scope.publishing:
        scope.fault(path, f"smart list '{key}' is archived")
    elif key in scope.within:
        scope.fault(path, f"the smart list contains itself: {' > '.join((*scope.within, key))}")
    elif len(scope.within) >= NESTED_LIMIT:
        scope.fault(path, f"smart lists are nested more than {NESTED_LIMIT} deep: {' > '.join(scope.within)}")
    elif key in scope.smart_lists:
        return scope.smart_lists[key]  # type: ignore[no-any-return]
    else:
        node = _read_within(found.spec.filter, key, scope, path, read)
        scope.smart_lists[key] = listed = Group("all", (Group("none", (_excluded(key),)), node))
        scope.needs_records.add(EXCLUDED)
        return listed
    return NEVER


def _read_within(document: Any, key: str, scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The filter is asked for itself: of no event, whichever it is within."""
    outer = scope.within, scope.eventless
    scope.within, scope.eventless = (*scope.within, key), True
    node = read(document, scope, path)
    scope.within, scope.eventless = outer
    if _size(node) > CONDITIONS_LIMIT:
        scope.fault(path, f"smart list '{key}' has more than {CONDITIONS_LIMIT:,} conditions with those within it")
        return NEVER
    return node


def _size(node: Node) -> int:
    return 1 if isinstance(node, Leaf) else sum(map(_size, node.items))


def _excluded(key: str) -> Leaf:
    def matches(lead: LeadState, context: Context) -> bool:
        return is_excluded(lead, key, context.now)

    return Leaf(matches, lambda moment: _sql(key, moment))


def _sql(key: str, moment: Moment) -> Sql:
    test = sql("r.key = {} AND coalesce((r.data ->> 'until')::timestamptz > {}, TRUE)", key, moment.now)
    return has_record(EXCLUDED, test)
