"""Conditions on an instant that is told from elsewhere than a field: when something happened, with every operator of
times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.condition import SWITCHES, Asked, close, close_sql, read_asked
from campaigns.language.eventtypes import AttributeSpec
from campaigns.language.leaf import NEVER, Leaf
from campaigns.language.operator import Moment
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql
from campaigns.language.tokens import Read

KEYS = ("operator", "value", *SWITCHES)


def read_instant(raw: Any, scope: Scope, path: str) -> Asked | None:
    """What is asked of an instant: {"operator": "in_past", "value": {...}}; None with a fault."""
    if not isinstance(raw, dict):
        scope.fault(path, "expected an object with operator and value")
        return None
    before = len(scope.faults)
    scope.expect_keys(raw, path, KEYS)
    asked = read_asked(raw, AttributeSpec("", "datetime"), scope, path)
    return None if len(scope.faults) > before else asked


def asks_instant(asked: Asked | None, read: Read, value: Callable[[Moment], Sql | None]) -> Leaf:
    """The condition on the instant that memory reads so, and that is this SQL for the database."""
    if asked is None:
        return NEVER
    found, operands, options = asked
    matches = close(read, found, operands, options)
    return Leaf(matches, lambda moment: close_sql(value(moment), found, operands, options, moment), read)
