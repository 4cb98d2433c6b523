"""What the activity of a step says where nothing was changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from campaigns.language.effects import Effect, SetField
from campaigns.language.outcome import Done, Ended, Enter, Jump, Outcome

Told = tuple[str, dict[str, Any]]  #: kind, empty for the action's own, and data


def tell_outcome(decision: Outcome) -> Told:
    """An end without effects."""
    if isinstance(decision, Ended):
        return "", {"outcome": decision.name, "ended": decision.reason}
    if isinstance(decision, Done | Enter | Jump):
        return "", {**decision.said, "outcome": decision.name}
    if decision.reason:
        return "", {"outcome": decision.name, "reason": decision.reason}
    return "", {"outcome": decision.name}


def tell_no_op(effects: Sequence[Effect]) -> Told:
    """What was not changed, as far as one row tells it."""
    fields = [effect.field for effect in effects if isinstance(effect, SetField)]
    if not fields:
        return "", {"outcome": "no_op"}
    return "", {"outcome": "no_op", "field": fields[0]} if len(fields) == 1 else {"outcome": "no_op", "fields": fields}
