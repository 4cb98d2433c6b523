"""Whether the lead is inside a campaign, at one of its steps, or has been through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.asking import combined, expect, look_back, read_span
from campaigns.language.context import Context
from campaigns.language.history import Look, Question, ask
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, membership, read_membership
from campaigns.language.scope import Scope
from campaigns.language.sqltext import joined, sql
from campaigns.language.values import show

BEEN = ("been", "not_been")
STEPS_LIMIT = 50


@condition("campaign")
def campaign(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The lead rests in the campaign, at any step or at some: {"campaign": KEY, "operator": "in", "steps": ["wait"]};
    or steps of it were done, ever or in a time: {"campaign": KEY, "operator": "been", "in_past": {...}}."""
    been = raw.get("operator") in BEEN
    key, known = raw["campaign"], scope.schema.campaigns
    if not isinstance(key, str) or key not in known:
        scope.fault(f"{path}.campaign", f"unknown campaign {show(key)}{scope.hint(key, known)}")
        return NEVER
    id = scope.schema.campaign_ids.get(key, 0)
    return _been(raw, id, scope, path) if been else _inside(raw, id, scope, path)


def _been(raw: dict[str, Any], id: int, scope: Scope, path: str) -> Node:
    """As the history has it: what was done, not what was skipped."""
    negative = expect(raw, BEEN, ("campaign",), scope, path)
    if "last_is" in raw:
        scope.fault(f"{path}.last_is", "has no meaning here")
    question = Question(None, (), read_span(raw, scope, path), campaign=id)
    return combined(look_back(question, raw, scope, path), negative=negative)


def _inside(raw: dict[str, Any], id: int, scope: Scope, path: str) -> Node:
    """As runs are parked: in memory where the lead's runs are known or change, else as they were before the bundle."""
    negative = read_membership(raw, "campaign", scope, path, "steps")
    steps = _read_steps(raw.get("steps"), scope, f"{path}.steps")
    parts = [sql("p.campaign_id = {}", id)]
    parts += [] if steps is None else [sql("p.step = ANY({}::text[])", sorted(steps))]
    test = sql(
        "EXISTS (SELECT FROM campaigns_parkedrun AS p WHERE p.tenant_id = l.tenant_id AND p.lead_id = l.id AND {})",
        joined("AND", parts),
    )
    look = Look(f"campaign:{id}:{None if steps is None else sorted(steps)}", test)
    scope.needs_history.add(look)

    def matches(lead: LeadState, context: Context) -> bool:
        if not lead.runs and not lead.changed_runs:
            return bool(ask(lead, look, context))
        return any(run.campaign_id == id and (steps is None or run.step in steps) for run in lead.runs.values())

    def steps_of(lead: LeadState, context: Context) -> Any:
        return sorted(run.step for run in lead.runs.values() if run.campaign_id == id) or matches(lead, context)

    return membership(matches, lambda moment: test, steps_of, negative=negative)


def _read_steps(raw: Any, scope: Scope, path: str) -> frozenset[str] | None:
    if raw is None:
        return None
    items = raw if isinstance(raw, list) else [raw]
    if not 1 <= len(items) <= STEPS_LIMIT or not all(isinstance(item, str) and item for item in items):
        scope.fault(path, f"expected the id of a step, or a list of at most {STEPS_LIMIT}, got {show(raw)}")
        return frozenset()
    return frozenset(items)
