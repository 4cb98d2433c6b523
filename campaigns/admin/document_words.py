"""A campaign document in words, all of it. Takes any JSON: a draft with faults is told as far as it can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from campaigns.admin.schedule_words import schedule_texts
from campaigns.admin.step_words import Step, steps_in_words
from campaigns.admin.words import condition_text, objects, show, spaced, trigger_text, value_text
from campaigns.language.limits import FEWEST_FAILURES
from campaigns.language.schema import TenantSchema

INSIDE = {
    "ignore": "Who is inside already does not enter again.",
    "parallel": "Who is inside already enters once more, beside the run that is there.",
    "restart": "Who is inside already leaves, and begins anew.",
}
LIMITS = {
    "runs": "More than {} runs begin within an hour.",
    "failures": f"Steps fail in {{}} % of the runs of an hour, from {FEWEST_FAILURES} failures on.",
    "loops": "{} loops are stopped within an hour.",
}


class Part(msgspec.Struct, frozen=True):
    """What one part of a document says."""

    label: str
    texts: tuple[str, ...]


class Told(msgspec.Struct, frozen=True):
    """A document: who enters, what is done, and what ends it."""

    before: tuple[Part, ...]
    then: tuple[Step, ...]
    after: tuple[Part, ...]


def in_words(document: Any, schema: TenantSchema) -> Told:
    """Sentences for all parts but the steps, and the steps."""
    document = document if isinstance(document, dict) else {}
    before = tuple(_parts(document, schema, BEFORE))
    known = {"steps", *BEFORE, *AFTER}
    others = {name: (spaced(name).capitalize(), _any) for name in document if name not in known}
    return Told(before, steps_in_words(document, schema), tuple(_parts(document, schema, AFTER | others)))


#: A part of a document -> its sentences.
Teller = Callable[[Any, TenantSchema], Iterator[str]]


def _parts(document: dict[str, Any], schema: TenantSchema, tellers: dict[str, tuple[str, Teller]]) -> Iterator[Part]:
    for name, (label, tell) in tellers.items():
        given = document.get(name)
        texts = () if given is None else tuple(tell(given, schema))
        if texts:
            yield Part(label, texts)


def _triggers(raw: Any, schema: TenantSchema) -> Iterator[str]:
    return (trigger_text(trigger, schema) for trigger in objects(raw))


def _schedule(raw: Any, schema: TenantSchema) -> Iterator[str]:
    return schedule_texts(raw)


def _filter(raw: Any, schema: TenantSchema) -> Iterator[str]:
    yield condition_text(raw, schema)


def _entry(raw: Any, schema: TenantSchema) -> Iterator[str]:
    for name, value in _pairs(raw):
        if name == "canary":
            yield f"{show(value)} % of the leads, always the same ones."
        elif name == "cap":
            yield f"At most {_number(value)} different leads in all."
        else:
            yield f"{spaced(name)} {show(value)}"


def _qualification(raw: Any, schema: TenantSchema) -> Iterator[str]:
    rule = dict(_pairs(raw))
    times, key = rule.pop("times", None), rule.pop("key", None)
    per = _per(rule.pop("per", None), calendar=rule.pop("calendar", False) is True)
    often = "Once" if times == 1 else f"At most {show(times)} times"
    apart = "" if key is None else f"for each {value_text(key, schema)}"
    if times is not None:
        yield " ".join(filter(None, [often, per, apart])) + "."
    elif apart:
        yield f"Every time, {apart} apart."
    inside = rule.pop("inside", "ignore")
    yield INSIDE.get(inside, "") if isinstance(inside, str) and inside in INSIDE else f"inside {show(inside)}"
    yield from (f"{spaced(name)} {show(value)}" for name, value in rule.items())


def _per(period: Any, *, calendar: bool) -> str:
    if period is None:
        return ""
    return f"in a calendar's {show(period).removeprefix('1 ')}" if calendar else f"in any {show(period)}"


def _goals(raw: Any, schema: TenantSchema) -> Iterator[str]:
    for goal in objects(raw):
        found = schema.defined("goal").get(goal["goal"]) if isinstance(goal.get("goal"), str) else None
        yield _way_out(found.name if found else show(goal.get("goal")), goal, schema, ("goal",))


def _exits(raw: Any, schema: TenantSchema) -> Iterator[str]:
    for way in objects(raw):
        undone = "what the run did is undone" if way.get("undo") is True else ""
        yield ", ".join(filter(None, [_way_out(show(way.get("label")), way, schema, ("label", "undo")), undone]))


def _way_out(label: str, way: dict[str, Any], schema: TenantSchema, told: tuple[str, ...]) -> str:
    trigger, condition = way.get("trigger"), way.get("when")
    rest = [name for name in way if name not in (*told, "trigger", "when")]
    parts = [
        f"when {trigger_text(trigger, schema)}" if isinstance(trigger, dict) else "",
        f"if {condition_text(condition, schema)}" if condition is not None else "",
        *(f"{spaced(name)} {value_text(way[name], schema)}" for name in rest),
    ]
    return f"{label}: {', '.join(filter(None, parts)) or 'when it is recorded elsewhere'}"


def _limits(raw: Any, schema: TenantSchema) -> Iterator[str]:
    for name, value in _pairs(raw):
        yield LIMITS[name].format(_number(value)) if name in LIMITS else f"{spaced(name)} {show(value)}"


def _any(raw: Any, schema: TenantSchema) -> Iterator[str]:
    yield value_text(raw, schema)


def _pairs(raw: Any) -> list[tuple[str, Any]]:
    """What an object says; anything else is told as it is."""
    return list(raw.items()) if isinstance(raw, dict) else [("is", raw)]


def _number(value: Any) -> str:
    return f"{value:,}" if type(value) is int else show(value)


#: Parts of a document in the order in which they are told: before the steps, and after them.
BEFORE: dict[str, tuple[str, Teller]] = {
    "triggers": ("When", _triggers),
    "schedule": ("Starts by itself", _schedule),
    "filter": ("Only if", _filter),
    "entry": ("Lets in", _entry),
    "qualification": ("How often", _qualification),
    "after": ("Comes after", _any),
}
AFTER: dict[str, tuple[str, Teller]] = {
    "goals": ("Is reached and over", _goals),
    "exits": ("Ends at once", _exits),
    "limits": ("Is paused by itself if", _limits),
    "tags": ("Tags", _any),
}
