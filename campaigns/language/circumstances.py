"""Under which circumstances a trigger hears its event: `when` beside any trigger's own keys.

    {"source": "api", "days": ["monday"], "from": "09:00", "until": "17:00"}
    {"campaign": "welcome", "step": "invite"}            what that step did
    {"count": {"at_least": 3}, "in_past": {...}}         at least the third such event within the time
    {"first_time": true}                                 the first such event of the lead

A count is of events that the trigger hears and that meet its `where`, the one at hand included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.asking import note, read_bounds, read_span
from campaigns.language.clocks import local_time
from campaigns.language.condition import read_zone
from campaigns.language.constraints import Constraint, read_where
from campaigns.language.context import Context
from campaigns.language.eventtypes import EventTypeSpec
from campaigns.language.history import FIELD_CHANGED, Question, Span, ask
from campaigns.language.lead import LeadState
from campaigns.language.leaf import Matches
from campaigns.language.schema import CAMPAIGN_REQUESTED
from campaigns.language.scope import Scope
from campaigns.language.sources import SOURCES, actor_of, kind_of
from campaigns.language.values import show
from campaigns.language.walltime import DAYS, clock_minutes

KEYS = (
    "source",
    "actor",
    "campaign",
    "step",
    "days",
    "from",
    "until",
    "zone",
    "depth",
    "count",
    "in_past",
    "first_time",
)
NAMES_LIMIT, DEPTH_LIMIT = 50, 10
#: Events that come from outside though their names are ours, and so are kept in the history as what they are.
KEPT = ("hook.received", "message.sent", "webhook.called", "lead.created", "batch.member")

#: What is asked of an event, by the key that asks it.
Check = tuple[str, Matches]


def compile_when(
    raw: Any, event: EventTypeSpec, qualifier: tuple[str, str] | None, own: bool, where: Any, scope: Scope, path: str
) -> tuple[Check, ...]:
    """Check the circumstances and compile them. `own`: the trigger narrows what it hears by keys of its own."""
    if not isinstance(raw, dict) or not raw:
        scope.fault(path, f"expected an object with some of {', '.join(KEYS)}")
        return ()
    scope.expect_keys(raw, path, KEYS)
    readers: dict[str, Callable[[Any, Scope, str], Matches]] = {
        "source": _source, "actor": _actor, "campaign": _campaign, "step": _step, "depth": _depth,
    }  # fmt: skip
    found = [(name, read(raw[name], scope, f"{path}.{name}")) for name, read in readers.items() if name in raw]
    if "step" in raw and "campaign" not in raw:
        scope.fault(f"{path}.step", "needs the campaign beside it whose step it is")
    if {"days", "from", "until"} & raw.keys():
        found.append(("days" if "days" in raw else "from", _times(raw, scope, path)))
    elif "zone" in raw:
        scope.fault(f"{path}.zone", "has no meaning without days, from or until")
    counted = _history(raw, event, qualifier, own, where, scope, path)
    return (*found, *counted)


def _names(raw: Any, what: str, scope: Scope, path: str) -> frozenset[str]:
    items = raw if isinstance(raw, list) else [raw]
    if not 1 <= len(items) <= NAMES_LIMIT or not all(isinstance(item, str) and item.strip() for item in items):
        scope.fault(path, f"expected {what}, or a list of at most {NAMES_LIMIT}, got {show(raw)}")
        return frozenset()
    return frozenset(items)


def _source(raw: Any, scope: Scope, path: str) -> Matches:
    wanted = _names(raw, "a source", scope, path)
    for item in sorted(wanted - set(SOURCES)):
        scope.fault(path, f"unknown source {show(item)}{scope.hint(item, SOURCES)}; known: {', '.join(SOURCES)}")
    return lambda lead, context: ("campaign" if context.by else kind_of(context.source)) in wanted


def _actor(raw: Any, scope: Scope, path: str) -> Matches:
    wanted = _names(raw, "the name of a user, of a webhook or of a campaign", scope, path)
    return lambda lead, context: (context.by[0] if context.by else actor_of(context.source)) in wanted


def _campaign(raw: Any, scope: Scope, path: str) -> Matches:
    wanted = _names(raw, "the key of a campaign", scope, path)
    for key in sorted(wanted - scope.schema.campaigns.keys()) if scope.publishing else ():
        scope.fault(path, f"unknown campaign {show(key)}{scope.hint(key, scope.schema.campaigns)}")

    def matches(lead: LeadState, context: Context) -> bool:
        if context.by:
            return context.by[0] in wanted
        return kind_of(context.source) == "campaign" and actor_of(context.source) in wanted

    return matches


def _step(raw: Any, scope: Scope, path: str) -> Matches:
    wanted = _names(raw, "the id of a step", scope, path)
    return lambda lead, context: context.by is not None and context.by[1] in wanted


def _depth(raw: Any, scope: Scope, path: str) -> Matches:
    fewest, most = read_bounds(raw, scope, path)
    return lambda lead, context: fewest <= context.depth and (most is None or context.depth <= most)


def _times(raw: dict[str, Any], scope: Scope, path: str) -> Matches:
    """On these days, at these times, by the clocks where the tenant is, or of another zone."""
    days = _days(raw.get("days", list(DAYS)), scope, f"{path}.days")
    first = _clock(raw.get("from", "00:00"), scope, f"{path}.from")
    last = _clock(raw.get("until", "24:00"), scope, f"{path}.until")
    zone = read_zone(raw.get("zone", "tenant"), scope, f"{path}.zone")
    if raw.get("zone") == "lead":
        scope.fault(f"{path}.zone", "expected tenant or the name of a time zone")
    if first is None or last is None:
        return lambda lead, context: False
    if first == last:
        scope.fault(f"{path}.until", "is the same time as from; leave both out for all day")

    def matches(lead: LeadState, context: Context) -> bool:
        local = local_time(context.occurred_at, zone)
        minutes, day = local.hour * 60 + local.minute, local.weekday()
        if first < last:
            return first <= minutes < last and day in days
        if minutes >= first:
            return day in days
        return minutes < last and (day - 1) % 7 in days  # hours over midnight belong to the day on which they begin

    return matches


def _clock(raw: Any, scope: Scope, path: str) -> int | None:
    """Minutes after midnight; None with a fault."""
    minutes = clock_minutes(raw)
    if minutes is None:
        scope.fault(path, f"expected a time of day such as 09:30, got {show(raw)}")
    return minutes


def _days(raw: Any, scope: Scope, path: str) -> frozenset[int]:
    names = _names(raw, "a day of the week", scope, path)
    for name in sorted(names - set(DAYS)):
        scope.fault(path, f"expected days such as monday, got {show(name)}")
    return frozenset(place for place, name in enumerate(DAYS) if name in names)


def _history(
    raw: dict[str, Any],
    event: EventTypeSpec,
    qualifier: tuple[str, str] | None,
    own: bool,
    where: Any,
    scope: Scope,
    path: str,
) -> list[Check]:
    """How many such events there were, this one included."""
    key = next((name for name in ("count", "first_time") if name in raw), None)
    if "in_past" in raw and key != "count":
        scope.fault(f"{path}.in_past", "has no meaning without count")
    if key is None:
        return []
    if "count" in raw and "first_time" in raw:
        scope.fault(f"{path}.first_time", "cannot stand beside count; choose one")
    if key == "first_time" and raw["first_time"] is not True:
        scope.fault(f"{path}.first_time", f"expected true, got {show(raw['first_time'])}")
    span = read_span({"in_past": raw["in_past"]} if "in_past" in raw else {}, scope, path)
    question = _question(event, qualifier, own, where, span, scope, f"{path}.{key}")
    if question is None:
        return []
    note(question, scope)
    fewest, most = read_bounds(raw["count"], scope, f"{path}.count") if key == "count" else (1, 1)

    def matches(lead: LeadState, context: Context) -> bool:
        count = ask(lead, question, context).count
        return bool(fewest <= count and (most is None or count <= most))

    return [(key, matches)]


def _question(
    event: EventTypeSpec,
    qualifier: tuple[str, str] | None,
    own: bool,
    where: Any,
    span: Span,
    scope: Scope,
    path: str,
) -> Question | None:
    """What is counted; None with a fault where the history does not tell it."""
    if own:
        scope.fault(
            path, "cannot be counted beside keys of the trigger's own that tell events apart; say them by where"
        )
        return None
    if event.name in (FIELD_CHANGED, "score.changed"):
        if where:
            scope.fault(
                path, "changes are counted whatever their values; leave where out, or use the condition changed"
            )
        return Question(None, (), span, "score" if qualifier is None else qualifier[1])
    is_sent = event.outside and event.name != CAMPAIGN_REQUESTED
    if event.name not in scope.schema.event_types and event.name not in KEPT and not is_sent:
        message = f"events {event.name} are kept in the history under what actions log; use the condition activity"
        scope.fault(path, f"cannot be counted: {message} in the campaign's filter")
        return None
    return Question(event.name, (*_qualified(event, qualifier, scope, path), *_where(where, event, scope, path)), span)


def _qualified(
    event: EventTypeSpec, qualifier: tuple[str, str] | None, scope: Scope, path: str
) -> tuple[Constraint, ...]:
    if qualifier is None:
        return ()
    said = {"attribute": qualifier[0], "operator": "is", "value": qualifier[1], "case": "sensitive"}
    return read_where([said], event, scope, path)


def _where(where: Any, event: EventTypeSpec, scope: Scope, path: str) -> tuple[Constraint, ...]:
    """What the trigger's own constraints say; where they have faults they are told of there."""
    return read_where(where, event, scope, path) if isinstance(where, list) and not scope.faults else ()
