"""Count that the lead reached a goal."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.parameters import Value
from campaigns.language.reaching import reach
from campaigns.language.references import DefinedRef


class RecordGoalParams(msgspec.Struct, frozen=True):
    """The goal, what it is worth, and what it is counted once for."""

    goal: Annotated[Defined, DefinedRef("The goal", "goal")]
    value: Annotated[Decimal | None, Value("What it is worth", "decimal")] = None
    once_key: Annotated[str | None, Value("Counted once for each, such as an order's number", "string")] = None


@action(
    "record_goal",
    label="Record a goal",
    logs="goal_reached",
    params=RecordGoalParams,
    records=["goal"],
    example={"value": "{{ event.amount }}"},
)
def record_goal(lead: LeadState, params: RecordGoalParams, context: Context) -> list[Effect] | NoOp:
    """The goal is reached, once for the lead, or once for each key."""
    record = reach(params.goal, params.value, params.once_key, lead, context)
    return NoOp() if record is None else [record]
