"""How documents ask of a history: how often, within which time, when first and last, and what came next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from campaigns.language.constraints import Constraint, read_where
from campaigns.language.context import Context
from campaigns.language.eventtypes import EventTypeSpec
from campaigns.language.history import Question, Sequel, Span, ask, rows_sql
from campaigns.language.instants import asks_instant, read_instant
from campaigns.language.lead import LeadState
from campaigns.language.leaf import Group, Leaf, Node
from campaigns.language.operator import Moment
from campaigns.language.periods import Period, read_period
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.touches import HISTORY
from campaigns.language.values import cast_date, show
from campaigns.language.variables import RUN_ID

COUNT_LIMIT = 1_000_000
TIMES = ("in_past", "between", "from", "until", "since")
ASPECTS = ("count", "first", "last", "last_is")
COUNTS = ("at_least", "at_most", "exactly", "between")
ENTRY = "entry"
FIXED = ("minutes", "hours", "days", "weeks")
#: Fewest and most; None for no bound.
Bounds = tuple[int, int | None]


def expect(raw: dict[str, Any], words: tuple[str, str], more: tuple[str, ...], scope: Scope, path: str) -> bool:
    """Check the keys of a condition. Whether its operator is the second word, the negative one."""
    scope.expect_keys(raw, path, ("operator", *more, *ASPECTS, *TIMES))
    operator = raw.get("operator", words[0])
    if operator not in words:
        scope.fault(f"{path}.operator", f"expected {words[0]} or {words[1]}, got {show(operator)}")
    return bool(operator == words[1])


def read_kind(raw: Any, scope: Scope, path: str) -> str | None:
    """The kind of the activities: an event type, or what an action logs; None with a fault."""
    if isinstance(raw, str) and 1 <= len(raw) <= 63:
        return raw
    scope.fault(path, f"expected an event type, or what an action logs, got {show(raw)}")
    return None


def look_back(question: Question, raw: dict[str, Any], scope: Scope, path: str) -> list[Leaf]:
    """What a condition says of the activities that a question is about: all of it must hold."""
    note(question, scope)
    found = [_when(name, raw[name], question, scope, f"{path}.{name}") for name in ("first", "last") if name in raw]
    if question.last_is:
        found.append(Leaf(lambda lead, context: bool(ask(lead, question, context).last_is), _last_is(question)))
    if "count" in raw or not found:
        found.insert(0, _counted(question, read_bounds(raw.get("count"), scope, f"{path}.count")))
    return found


def combined(leaves: list[Leaf], *, negative: bool) -> Node:
    """The condition, or its negation."""
    node: Node = leaves[0] if len(leaves) == 1 else Group("all", tuple(leaves))
    return Group("none", (node,)) if negative else node


def note(question: Question, scope: Scope) -> None:
    """Have a question answered with the leads."""
    scope.needs_history.add(question)
    if question.kind is not None:
        scope.reads.add(f"{HISTORY}{question.kind}")


def _counted(question: Question, bounds: Bounds) -> Leaf:
    fewest, most = bounds

    def matches(lead: LeadState, context: Context) -> bool:
        count = ask(lead, question, context).count
        return fewest <= count and (most is None or count <= most)

    def count(lead: LeadState, context: Context) -> Any:
        return ask(lead, question, context).count

    return Leaf(matches, lambda moment: _count_sql(question, fewest, most, moment), count)


def _count_sql(question: Question, fewest: int, most: int | None, moment: Moment) -> Sql | None:
    if question.span.entry:
        return None
    rows = rows_sql(question, moment)
    if (fewest, most) == (1, None):
        return sql("EXISTS (SELECT {})", rows)
    return sql("(SELECT count(*) {}) BETWEEN {} AND {}", rows, fewest, COUNT_LIMIT**3 if most is None else most)


def _last_is(question: Question) -> Any:
    def test(moment: Moment) -> Sql | None:
        if question.span.entry:
            return None
        template = "coalesce((SELECT {} {} ORDER BY a.occurred_at DESC, a.id DESC LIMIT 1), FALSE)"
        return sql(template, question.last_sql(moment), rows_sql(question, moment))

    return test


def _when(name: str, raw: Any, question: Question, scope: Scope, path: str) -> Leaf:
    """When it happened first, or last, with the operators of times."""
    edge = "(SELECT min(a.occurred_at) {})" if name == "first" else "(SELECT max(a.occurred_at) {})"

    def read(lead: LeadState, context: Context) -> Any:
        return getattr(ask(lead, question, context), name)

    def value(moment: Moment) -> Sql | None:
        return None if question.span.entry else sql(edge, rows_sql(question, moment))

    return asks_instant(read_instant(raw, scope, path), read, value)


def read_then(raw: Any, first: Question, scope: Scope, path: str) -> Leaf | None:
    """What was done after it, within a time; None with a fault."""
    if not isinstance(raw, dict):
        scope.fault(path, "expected an object with activity and within")
        return None
    scope.expect_keys(raw, path, ("activity", "where", "within"))
    kind = read_kind(raw.get("activity"), scope, f"{path}.activity")
    within = read_period(raw.get("within"), scope, f"{path}.within")
    if within is not None and (within.unit not in FIXED or within.amount < 1):
        scope.fault(f"{path}.within", f"expected at least one of {', '.join(FIXED)}")
        return None
    if first.span.entry:
        scope.fault(path, "cannot be asked since the entry; name a time, or ask by a wait for the event")
    if kind is None or within is None:
        return None
    where = read_where(raw.get("where", []), event_of(kind, scope), scope, f"{path}.where")
    return _followed(Sequel(first, Question(kind, where, first.span), _length(within)), scope)


def _length(period: Period) -> timedelta:
    return timedelta(**{period.unit: period.amount})


def _followed(sequel: Sequel, scope: Scope) -> Leaf:
    scope.needs_history.add(sequel)
    scope.reads |= {f"{HISTORY}{one.kind}" for one in (sequel.first, sequel.then) if one.kind is not None}
    return Leaf(lambda lead, context: bool(ask(lead, sequel, context).found), sequel.sql)


def event_of(kind: str, scope: Scope) -> EventTypeSpec | None:
    """The event type that activities of a kind are; None where an action logs them."""
    return scope.schema.find_event_type(kind)


def read_last(raw: dict[str, Any], event: EventTypeSpec | None, scope: Scope, path: str) -> tuple[Constraint, ...]:
    """What the last of the activities is asked to be."""
    return read_where(raw["last_is"], event, scope, f"{path}.last_is") if "last_is" in raw else ()


def read_span(raw: dict[str, Any], scope: Scope, path: str) -> Span:
    """Within which time, by the keys that stand beside the condition's own."""
    zone = scope.schema.zone
    given = [name for name in ("in_past", "since", "between") if name in raw]
    if given and len([name for name in TIMES if name in raw]) > 1:
        scope.fault(f"{path}.{given[0]}", "cannot stand beside another time; choose one")
    if "since" in raw:
        return Span(zone, entry=_is_entry(raw["since"], scope, f"{path}.since"))
    if "in_past" in raw:
        period = read_period(raw["in_past"], scope, f"{path}.in_past")
        if period is not None and period.amount < 1:
            scope.fault(f"{path}.in_past.amount", "must be at least 1")
        return Span(zone, period)
    named = [f"{path}.{name}" for name in (["between", "between"] if "between" in raw else ["from", "until"])]
    first, last = (_read_day(day, scope, at) for day, at in zip(_read_days(raw, scope, path), named, strict=True))
    if first is not None and last is not None and last < first:
        scope.fault(named[1], "is before from" if "until" in raw else "has its later day first")
    return Span(zone, None, first, last)


def _read_days(raw: dict[str, Any], scope: Scope, path: str) -> tuple[Any, Any]:
    """The first and the last day, as they are written; null for no bound."""
    if "between" not in raw:
        return raw.get("from"), raw.get("until")
    days = raw["between"]
    if isinstance(days, list) and len(days) == 2 and None not in days:
        return days[0], days[1]
    scope.fault(f"{path}.between", f"expected a list of two days, the earlier first, got {show(days)}")
    return None, None


def _is_entry(raw: Any, scope: Scope, path: str) -> bool:
    if raw != ENTRY:
        scope.fault(path, f"expected {ENTRY}, got {show(raw)}")
    elif scope.eventless or RUN_ID not in scope.variables:
        scope.fault(path, "nobody has entered the campaign here; ask in its steps")
    return True


def _read_day(raw: Any, scope: Scope, path: str) -> Any:
    if raw is None:
        return None
    try:
        day = cast_date(raw)
    except ValueError as error:
        scope.fault(path, str(error))
        return None
    if not 1970 <= day.year < 9999:
        scope.fault(path, "is out of range")
        return None
    return day


def read_bounds(count: Any, scope: Scope, path: str) -> Bounds:
    """Fewest and most; at least one where nothing is said."""
    if count is None:
        return 1, None
    if not isinstance(count, dict) or len(count) != 1 or next(iter(count)) not in COUNTS:
        scope.fault(path, f"expected an object with one of {', '.join(COUNTS)}, got {show(count)}")
        return 1, None
    ((name, value),) = count.items()
    pair = value if name == "between" and isinstance(value, list) and len(value) == 2 else [value, value]
    if any(type(number) is not int or not 0 <= number <= COUNT_LIMIT for number in pair) or pair[0] > pair[1]:
        what = "two whole numbers, the lower first" if name == "between" else "a whole number from 0 on"
        scope.fault(f"{path}.{name}", f"expected {what}, got {show(value)}")
        return 1, None
    return (0 if name == "at_most" else pair[0]), (None if name == "at_least" else pair[1])
