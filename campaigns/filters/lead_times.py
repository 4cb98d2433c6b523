"""When the lead was made, and when it was changed last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.instants import KEYS, asks_instant, read_instant
from campaigns.language.lead import LeadState
from campaigns.language.leadtimes import TIMES_OF, times_of
from campaigns.language.leaf import NEVER, Node, condition
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql
from campaigns.language.touches import ROW
from campaigns.language.values import show

CREATED, UPDATED = "created_at", "updated_at"


@condition("lead")
def lead(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """When the lead was made, or when its fields, tags, company, freeze or deletion changed last: {"lead":
    "updated_at", "operator": "in_past", "value": {"amount": 7, "unit": "days"}}, with every operator of times. Who was
    changed by an earlier step or event of the same bundle was changed now."""
    scope.expect_keys(raw, path, ("lead", *KEYS))
    name = raw["lead"]
    if name not in (CREATED, UPDATED):
        hint = scope.hint(name, (CREATED, UPDATED))
        scope.fault(f"{path}.lead", f"expected {CREATED} or {UPDATED}, got {show(name)}{hint}")
        return NEVER
    scope.needs_history.add(TIMES_OF)
    if scope.compares and name == UPDATED:
        scope.reads |= ROW

    def moment_of(lead: LeadState, context: Context) -> Any:
        return getattr(times_of(lead, context), name)

    asked = read_instant({key: raw[key] for key in KEYS if key in raw}, scope, path)
    return asks_instant(asked, moment_of, lambda moment: Sql(f"l.{name}"))
