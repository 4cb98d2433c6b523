"""How often the lead did something, or had a field changed, ever or within a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.history import Question, Span, text_of
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Group, Leaf, Node, condition
from campaigns.language.operator import Moment
from campaigns.language.periods import read_period
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, sql
from campaigns.language.touches import HISTORY
from campaigns.language.values import cast_date, show

COUNT_LIMIT = 1_000_000
WHERE_LIMIT, TEXTS_LIMIT = 10, 50
TIMES = ("in_past", "from", "until")
#: What of a change may be asked, and where it is logged.
CHANGES = {"to": "new", "was": "old", "reason": "reason"}
COUNTS = ("at_least", "at_most", "exactly", "between")
#: Fewest and most; None for no bound.
Bounds = tuple[int, int | None]


@condition("activity")
def activity(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """An activity of the history: {"activity": "purchase", "count": {"at_least": 2}, "in_past": {...}}."""
    negative = _is_negative(raw, ("performed", "not_performed"), ("activity", "where"), scope, path)
    kind = raw["activity"]
    if not isinstance(kind, str) or not 1 <= len(kind) <= 63:
        scope.fault(f"{path}.activity", f"expected an event type, or what an action logs, got {show(kind)}")
        return NEVER
    prefix = ("data",) if scope.schema.find_event_type(kind) else ()
    where = _read_where(raw.get("where", {}), prefix, scope, f"{path}.where")
    return _ask(kind, where, raw, scope, path, negative=negative)


@condition("changed")
def changed(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A field that campaigns changed: {"changed": "stage", "operator": "changed", "to": "vip", "in_past": {...}}.
    `was` is its value before; `reason` what the step that changed it said."""
    negative = _is_negative(raw, ("changed", "not_changed"), ("changed", "to", "was", "reason"), scope, path)
    spec = scope.find_field(raw["changed"], f"{path}.changed")
    if spec is None:
        return NEVER
    where = [(("field",), (spec.key,))]
    where += [
        ((place,), _read_texts(raw[name], scope, f"{path}.{name}")) for name, place in CHANGES.items() if name in raw
    ]
    return _ask(None, tuple(where), raw, scope, path, negative=negative)


@condition("has_been")
def has_been(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """What a field holds now, and no campaign changed within a period: {"has_been": "stage", "operator": "is",
    "value": "vip", "for": {"amount": 30, "unit": "days"}}. What was never changed has always been."""
    period = read_period(raw.get("for"), scope, f"{path}.for")
    if period is not None and period.amount < 1:
        scope.fault(f"{path}.for.amount", "must be at least 1")
    if scope.faults:
        return NEVER
    inner = {name: value for name, value in raw.items() if name not in ("has_been", "for")}
    holds = read({"field": raw["has_been"], **inner}, scope, path)
    unchanged = {"changed": raw["has_been"], "operator": "not_changed", "in_past": raw["for"]}
    return NEVER if scope.faults else Group("all", (holds, changed(unchanged, scope, path, read)))


def _is_negative(raw: dict[str, Any], words: tuple[str, str], more: tuple[str, ...], scope: Scope, path: str) -> bool:
    scope.expect_keys(raw, path, ("operator", "count", *more, *TIMES))
    operator = raw.get("operator", words[0])
    if operator not in words:
        scope.fault(f"{path}.operator", f"expected {words[0]} or {words[1]}, got {show(operator)}")
    return bool(operator == words[1])


def _ask(kind: str | None, where: Any, raw: dict[str, Any], scope: Scope, path: str, *, negative: bool) -> Node:
    question = Question(kind, where, _read_span(raw, scope, path))
    fewest, most = _read_bounds(raw, scope, path)
    scope.needs_history.add(question)
    if kind is not None:
        scope.reads.add(f"{HISTORY}{kind}")

    def matches(lead: LeadState, context: Context) -> bool:
        count = lead.history.get(question, 0)
        return fewest <= count and (most is None or count <= most)

    leaf = Leaf(matches, lambda moment: _sql(question, fewest, most, moment))
    return Group("none", (leaf,)) if negative else leaf


def _sql(question: Question, fewest: int, most: int | None, moment: Moment) -> Sql:
    """Served by the one index of campaigns_activity, on (tenant_id, lead_id, id), in each of its months."""
    rows = sql(
        "FROM campaigns_activity AS a WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND {}",
        question.sql(moment.now),
    )
    if (fewest, most) == (1, None):
        return sql("EXISTS (SELECT {})", rows)
    return sql("(SELECT count(*) {}) BETWEEN {} AND {}", rows, fewest, COUNT_LIMIT**3 if most is None else most)


def _read_where(raw: Any, prefix: tuple[str, ...], scope: Scope, path: str) -> Any:
    if not isinstance(raw, dict) or len(raw) > WHERE_LIMIT:
        scope.fault(path, f"expected an object of at most {WHERE_LIMIT} names and values")
        return ()
    return tuple(((*prefix, name), _read_texts(wanted, scope, f"{path}.{name}")) for name, wanted in raw.items())


def _read_texts(raw: Any, scope: Scope, path: str) -> tuple[str, ...]:
    """One value or several, as text: that is how they are compared, to the letter."""
    items = raw if isinstance(raw, list) else [raw]
    texts = [text_of(item) for item in items if isinstance(item, str | bool | int)]
    fits = 1 <= len(items) <= TEXTS_LIMIT and len(texts) == len(items)
    if not fits or any(text is None or text[:1] in "{[" or "\x00" in text for text in texts):
        scope.fault(path, f"expected one text or number, or a list of at most {TEXTS_LIMIT}, got {show(raw)}")
        return ()
    return tuple(text for text in texts if text is not None)


def _read_span(raw: dict[str, Any], scope: Scope, path: str) -> Span:
    zone = scope.schema.zone
    if "in_past" in raw:
        if "from" in raw or "until" in raw:
            scope.fault(f"{path}.in_past", "cannot stand beside from and until")
        period = read_period(raw["in_past"], scope, f"{path}.in_past")
        if period is not None and period.amount < 1:
            scope.fault(f"{path}.in_past.amount", "must be at least 1")
        return Span(zone, period)
    first, last = (_read_day(raw.get(name), scope, f"{path}.{name}") for name in ("from", "until"))
    if first is not None and last is not None and last < first:
        scope.fault(f"{path}.until", "is before from")
    return Span(zone, None, first, last)


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


def _read_bounds(raw: dict[str, Any], scope: Scope, path: str) -> Bounds:
    count = raw.get("count", {"at_least": 1})
    if not isinstance(count, dict) or len(count) != 1 or next(iter(count)) not in COUNTS:
        scope.fault(f"{path}.count", f"expected an object with one of {', '.join(COUNTS)}, got {show(count)}")
        return 1, None
    ((name, value),) = count.items()
    pair = value if name == "between" and isinstance(value, list) and len(value) == 2 else [value, value]
    if any(type(number) is not int or not 0 <= number <= COUNT_LIMIT for number in pair) or pair[0] > pair[1]:
        what = "two whole numbers, the lower first" if name == "between" else "a whole number from 0 on"
        scope.fault(f"{path}.count.{name}", f"expected {what}, got {show(value)}")
        return 1, None
    return (0 if name == "at_most" else pair[0]), (None if name == "at_least" else pair[1])
