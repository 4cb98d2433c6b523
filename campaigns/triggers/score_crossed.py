"""The lead's score passes a level."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import cast_integer, show

DIRECTIONS = ("up", "down", "either")


@trigger(
    "score_crossed",
    label="The score crosses a level",
    keys={"level": "The level", "direction": "up (unless given): from below to it; down: from it to below; either"},
    hears="score.changed",
)
def score_crossed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The score was on one side of the level and is on the other; the level itself is above."""
    direction = raw.get("direction", "up")
    if direction not in DIRECTIONS:
        scope.fault(f"{path}.direction", f"expected one of {', '.join(DIRECTIONS)}, got {show(direction)}")
    try:
        level = cast_integer(raw.get("level"))
    except ValueError as error:
        scope.fault(f"{path}.level", str(error))
        return None
    ends = {"up": ((False, True),), "down": ((True, False),), "either": ((False, True), (True, False))}
    allowed = ends.get(direction, ())

    def crosses(lead: LeadState, context: Context) -> bool:
        old, new = context.event.get("old") or 0, context.event.get("new") or 0
        return (old >= level, new >= level) in allowed

    return Subscription(SYSTEM_EVENTS["score.changed"], test=crosses)
