"""Nothing has been heard of a lead for a while."""

from __future__ import annotations

from typing import Any

from campaigns.language.periods import Period
from campaigns.language.schema import INACTIVITY_REACHED
from campaigns.language.scope import Scope
from campaigns.language.standardevents import STANDARD_EVENTS
from campaigns.language.timed import hear_clock
from campaigns.language.timing import Silence
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show
from campaigns.language.waitkinds import WaitPeriod

KINDS_LIMIT = 50

#: What is done to the lead, not by it.
PASSIVE = frozenset(("message.delivered", "message.bounced", "push.received", "push.bounced", "sales.mail_sent"))

KEYS = {
    "period": 'For how long: `{"amount": 30, "unit": "days"}`; from a day to a year',
    "events": "Types of events; unless given, all that leads do: the tenant's own and those every tenant has",
}


@trigger("inactivity", label="Nothing is heard of a lead", keys=KEYS, hears=INACTIVITY_REACHED)
def inactivity(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """None of the events has happened to the lead for the period, or since it was created: once for each such silence,
    `since` its last event. A silence that had lasted so long before the campaign was published is none. What campaigns
    do is not counted; of all events, mails and push notifications that only came are not either."""
    before = len(scope.faults)
    period = WaitPeriod("").prepare(raw.get("period"), scope, f"{path}.period", {})
    if isinstance(period, Period) and not period.is_of_days:
        scope.fault(f"{path}.period.unit", "expected days or more")
    kinds = _kinds(raw.get("events"), scope, f"{path}.events")
    if period is None or len(scope.faults) > before:
        return None
    return hear_clock(raw, scope, path, Silence(kinds, period, scope.schema.zone))


def _kinds(raw: Any, scope: Scope, path: str) -> frozenset[str]:
    standard = {spec.name for spec in STANDARD_EVENTS}
    if raw is None:
        return frozenset(scope.schema.event_types) | (standard - PASSIVE)
    if not isinstance(raw, list) or not 1 <= len(raw) <= KINDS_LIMIT:
        scope.fault(path, f"expected a list of 1 to {KINDS_LIMIT} types of events, got {show(raw)}")
        return frozenset()
    own = scope.schema.event_types
    for place, name in enumerate(raw):
        if not isinstance(name, str) or not (name in standard or name in own):
            hint = scope.hint(name, standard.union(own))
            scope.fault(f"{path}[{place}]", f"unknown event type {show(name)}{hint}")
    return frozenset(name for name in raw if isinstance(name, str))
