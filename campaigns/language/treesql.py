"""The filter tree in SQL: one condition over campaigns_lead as `l`, for audiences and smart lists.

It means what the evaluator for memory means (R6), or, where a condition is for memory alone, less: then every lead
that matches fulfils it, and memory sorts out the others.
"""

from __future__ import annotations

import msgspec

from campaigns.language.filtertree import AT_LEAST
from campaigns.language.leaf import Leaf, Node
from campaigns.language.operator import Moment
from campaigns.language.sqltext import Sql, joined, sql, truth


class Narrowed(msgspec.Struct, frozen=True):
    """A filter for the database."""

    sql: Sql
    exact: bool  #: it matches the very leads that memory does, and not a few more


def narrow(node: Node, moment: Moment) -> Narrowed:
    """The SQL that no lead fails which the filter matches."""
    exact = _is_exact(node, moment)
    return Narrowed(_widest(node, moment, wide=True), exact)


def _is_exact(node: Node, moment: Moment) -> bool:
    if isinstance(node, Leaf):
        return node.sql(moment) is not None
    return all(_is_exact(item, moment) for item in node.items)


def _widest(node: Node, moment: Moment, *, wide: bool) -> Sql:
    """The condition with what is for memory taken for true, or for false within a negation."""
    if isinstance(node, Leaf):
        return node.sql(moment) or truth(wide)
    if node.name == "none":
        return sql("NOT {}", joined("OR", [_widest(item, moment, wide=not wide) for item in node.items]))
    if node.name == "exactly_one":  # one more that matches makes it false: there is no wider and no narrower part
        if not _is_exact(node, moment):
            return truth(wide)
        return sql("{} = 1", _how_many([_widest(item, moment, wide=wide) for item in node.items]))
    parts = [_widest(item, moment, wide=wide) for item in node.items]
    if node.name == AT_LEAST:
        return sql("{} >= {}", _how_many(parts), node.count)
    return joined("AND" if node.name == "all" else "OR", parts)


def _how_many(parts: list[Sql]) -> Sql:
    return joined("+", [sql("{}::integer", joined("AND", [part])) for part in parts])
