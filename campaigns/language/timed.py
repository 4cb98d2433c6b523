"""Triggers that the clock sets off: what their declarations have in common."""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.schema import DATE_REACHED, INACTIVITY_REACHED, SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.timing import DateTiming, Silence
from campaigns.language.trigger import TRIGGERS, Matches, Subscription

PLACE = "triggers["


def has_timers(document: Any) -> bool:
    """Whether a document that is free of faults has such a trigger."""
    specs = (TRIGGERS.get(item["type"]) for item in document["triggers"])
    return any(spec is not None and spec.hears in (DATE_REACHED, INACTIVITY_REACHED) for spec in specs)


def hear_clock(raw: dict[str, Any], scope: Scope, path: str, timing: DateTiming | Silence) -> Subscription | None:
    """A subscription to the event by which leads are told that a trigger's time has come. Fit for triggers of
    campaigns alone: nobody watches the clock for steps that wait and for exits."""
    if not path.startswith(PLACE):
        scope.fault(f"{path}.type", "only begins campaigns; within one, wait for a date or so long")
        return None
    given = raw.get("id")
    name = given if isinstance(given, str) else path[len(PLACE) : path.index("]")]
    test = _is_reached(name, timing) if isinstance(timing, DateTiming) else _is_silent(name, timing)
    return Subscription(SYSTEM_EVENTS[timing.event], scope.key or None, test, timing, name)


def _is_reached(name: str, timing: DateTiming) -> Matches:
    """Whether it is this trigger's time, and the lead has that date still."""

    def is_reached(lead: LeadState, context: Context) -> bool:
        if context.event.get("trigger") != name:
            return False
        at = timing.at_of(context.event.get("occasion"), lead, context.schema)
        return at is not None and at <= context.now

    return is_reached


def _is_silent(name: str, silence: Silence) -> Matches:
    """Whether it is this trigger's time, and nothing has happened meanwhile. The history is looked at for such events
    only."""

    def is_silent(lead: LeadState, context: Context) -> bool:
        return context.event.get("trigger") == name and not lead.history.get(silence, 0)  # type: ignore[call-overload]

    return is_silent
