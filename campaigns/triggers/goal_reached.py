"""The lead reaches a goal."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger("goal_reached", label="A goal is reached", keys={"goal": "Only this goal"}, hears="goal.reached")
def goal_reached(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The goal is recorded for the lead; any when none is named."""
    return hear_defined(raw, scope, path, "goal", "goal.reached")
