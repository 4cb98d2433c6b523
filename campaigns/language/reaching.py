"""A lead reaches a goal: recorded and counted once, or once for each key."""

from __future__ import annotations

from decimal import Decimal

from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Emit, PutRecord
from campaigns.language.lead import LeadState

GOAL = "goal"  #: the kind of record


def reach(
    goal: Defined, value: Decimal | None, once_key: str | None, lead: LeadState, context: Context
) -> PutRecord | None:
    """What is kept and raised of it; None where it was reached before."""
    key = f"{goal.key}:{once_key}" if once_key else goal.key
    if (GOAL, key) in lead.records:
        return None
    counted = _counts(goal, context)
    new = {
        "at": context.occurred_at.isoformat(), "value": None if value is None else str(value), "counted": counted,
    }  # fmt: skip
    raises = Emit("goal.reached", {"goal": goal.key, "value": value, "counted": counted})
    return PutRecord(GOAL, key, new, raises=raises)


def _counts(goal: Defined, context: Context) -> bool:
    """Outside the goal's dates it is recorded and not counted."""
    spec, when = goal.spec, context.occurred_at
    return (spec.begins is None or spec.begins <= when) and (spec.ends is None or when < spec.ends)
