"""The lead's score goes up or down."""

from __future__ import annotations

from typing import Any

from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.filtertree import all_of
from campaigns.language.lead import LeadState
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import cast_integer


@trigger(
    "score_changed",
    label="The score changes",
    keys={
        "crosses": "Only when it rises from below this level to it",
        "at_least": "Only when it is at least so high afterwards",
    },
    hears="score.changed",
)
def score_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The score changes; if wanted only when it rises from below a level to it, or is at least so high afterwards."""
    tests = [
        make(_level(raw[key], scope, f"{path}.{key}"))
        for key, make in (("crosses", _crosses), ("at_least", _at_least))
        if key in raw
    ]
    return Subscription(SYSTEM_EVENTS["score.changed"], test=all_of(tests) if tests else None)


def _level(raw: Any, scope: Scope, path: str) -> int:
    try:
        return cast_integer(raw)
    except ValueError as error:
        scope.fault(path, str(error))
        return 0


def _crosses(level: int) -> Matches:
    def matches(lead: LeadState, context: Context) -> bool:
        old, new = context.event.get("old") or 0, context.event.get("new") or 0
        return old < level <= new

    return matches


def _at_least(level: int) -> Matches:
    return lambda lead, context: (context.event.get("new") or 0) >= level
