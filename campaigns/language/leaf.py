"""The conditions that filters are made of, besides those on one value: a file in campaigns/filters each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.operator import Moment
from campaigns.language.registry import Registry
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql

Matches = Callable[[LeadState, Context], bool]
#: What a lead has there.
Look = Callable[[LeadState, Context], Any]


class Leaf(msgspec.Struct, frozen=True):
    """One condition of a filter, for its two evaluators: they say the same of every lead."""

    matches: Matches
    #: the same for the database, true or false and never null; None where only memory can decide
    sql: Callable[[Moment], Sql | None]
    #: what it looks at, for people; None where that is told from how the condition is written
    value: Look | None = None


class Group(msgspec.Struct, frozen=True):
    """Several filters, and how many of them must match."""

    name: str
    items: tuple[Leaf | Group, ...]
    count: int = 1  #: of at_least


Node = Leaf | Group


def never(lead: LeadState, context: Context) -> bool:
    """Matches nothing; stands where a filter has faults."""
    return False


def for_memory(moment: Moment) -> None:
    """What a condition says in SQL that only memory can decide."""


NEVER = Leaf(never, for_memory)

#: (the condition, its surroundings, its path, the reader of filters within it) -> the filter it stands for; every
#: fault is noted
ReadCondition = Callable[[dict[str, Any], Scope, str, Callable[[Any, Scope, str], Node]], Node]

CONDITIONS: Registry[ReadCondition] = Registry("condition")


def condition(source: str) -> Callable[[ReadCondition], ReadCondition]:
    """Enter a function as the reader of conditions that have this key."""
    return lambda read: CONDITIONS.add(source, read)


def read_membership(raw: dict[str, Any], source: str, scope: Scope, path: str, *more: str) -> bool:
    """Whether a condition with the operators in and not_in is a negative one. Notes faults."""
    scope.expect_keys(raw, path, (source, "operator", *more))
    operator = raw.get("operator", "in")
    if operator not in ("in", "not_in"):
        scope.fault(f"{path}.operator", "expected in or not_in")
    return bool(operator == "not_in")


def membership(matches: Matches, test: Callable[[Moment], Sql | None], value: Look, *, negative: bool) -> Node:
    """The condition, or its negation; `value` is what the lead has there, for people."""
    leaf = Leaf(matches, test, value)
    return Group("none", (leaf,)) if negative else leaf


def kept(kind: str, key: str) -> Look:
    """What the lead has in a record."""
    return lambda lead, context: lead.records.get((kind, key))


def has_record(kind: str, what: Sql) -> Sql:
    """Whether a record `r` of a kind fulfils a condition. Served by the primary key of campaigns_record."""
    return sql(
        "EXISTS (SELECT FROM campaigns_record AS r WHERE r.tenant_id = l.tenant_id AND r.lead_id = l.id"
        " AND r.kind = {} AND {})",
        kind,
        what,
    )
