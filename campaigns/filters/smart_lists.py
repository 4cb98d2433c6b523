"""Whether the lead is on a smart list: whether it matches the list's filter now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.leaf import NEVER, Group, Leaf, Node, condition, read_membership
from campaigns.language.scope import Scope
from campaigns.language.values import show

NESTED_LIMIT = 5  #: smart lists within one another
CONDITIONS_LIMIT = 1_000  #: of one smart list, those of the lists within it counted


@condition("smart_list")
def smart_list(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The filter of the list, in place of the condition."""
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
        node = scope.smart_lists[key] = _read_within(found.spec.filter, key, scope, path, read)
        return node
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
