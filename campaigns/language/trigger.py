"""The declaration of a trigger: one function that turns its part of a document into a subscription to an event."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import structs

from campaigns.language.circumstances import Check, compile_when
from campaigns.language.context import Context
from campaigns.language.filtertree import all_of, compile_where
from campaigns.language.lead import LeadState
from campaigns.language.registry import Registry
from campaigns.language.schema import SYSTEM_EVENTS, EventTypeSpec
from campaigns.language.scope import Scope
from campaigns.language.standardevents import STANDARD_EVENTS
from campaigns.language.timing import DateTiming, Silence
from campaigns.language.values import show

Matches = Callable[[LeadState, Context], bool]

TRIGGER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)

#: System events by which attribute subscriptions are told apart, so that matching never scans.
QUALIFIERS = {
    "field.changed": "field",
    "tag.added": "tag",
    "tag.removed": "tag",
    "list.joined": "list",
    "campaign.entered": "campaign",
    "campaign.ended": "campaign",
    "list.left": "list",
    "moment.noted": "type",
    "campaign.requested": "campaign",
    "batch.member": "campaign",
    "date.reached": "campaign",
    "smart_list.joined": "list",
    "smart_list.left": "list",
    "partition.changed": "to",
    "inactivity.reached": "campaign",
    "hook.received": "hook",
    "program.status_changed": "program",
    "program.member_changed": "program",
    "nurture.changed": "nurture",
    "nurture.cadence_changed": "nurture",
    "subscription.changed": "channel",
    "consent.changed": "purpose",
    "goal.reached": "goal",
    "object.changed": "object",
    "opportunity.changed": "change",
    "company.changed": "change",
    "lead.referral_credited": "programme",
    "lead.converted": "lifecycle",
    **{spec.name: spec.qualifier for spec in STANDARD_EVENTS if spec.qualifier is not None},
    "message.sent": "message",
    "message.failed": "message",
    "webhook.called": "webhook",
}


class Subscription(msgspec.Struct, frozen=True):
    """The events that a trigger hears."""

    event: EventTypeSpec  #: its name, and the attributes that filters and tokens may use
    qualifier: str | None = None  #: only events with this field, tag, list or campaign; None for all
    test: Matches | None = None  #: a further condition
    timing: DateTiming | Silence | None = None  #: of a trigger that the clock sets off
    name: str = ""  #: of such a trigger: its id, or its place among the campaign's triggers
    checks: tuple[Check, ...] = ()  #: the circumstances within it, each by its name


#: (the trigger in the document, the scope, the path) -> the subscription; None with a fault
Compile = Callable[[dict[str, Any], Scope, str], Subscription | None]


class TriggerSpec(msgspec.Struct, frozen=True):
    """A trigger as the registry knows it."""

    name: str
    label: str
    doc: str
    keys: tuple[str, ...]
    compile: Compile
    key_docs: Mapping[str, str] = {}  #: what the keys mean, as far as they say so themselves
    hears: str = ""  #: the event it hears, where that is always the same


TRIGGERS: Registry[TriggerSpec] = Registry("trigger")


def trigger(
    name: str, *, label: str, keys: Mapping[str, str] | tuple[str, ...] = (), hears: str = ""
) -> Callable[[Compile], Compile]:
    """Enter a function as the trigger of that name; `keys` are those it understands beside those that all have."""

    def enter(compile: Compile) -> Compile:
        docs = keys if isinstance(keys, Mapping) else {}
        doc = (compile.__doc__ or "").strip()
        TRIGGERS.add(name, TriggerSpec(name, label, doc, tuple(keys), compile, docs, hears))
        return compile

    return enter


def hear_defined(raw: dict[str, Any], scope: Scope, path: str, kind: str, event: str) -> Subscription | None:
    """A subscription to what happens to one definition of a kind, or to any of that kind when none is named."""
    key = raw.get(kind)
    known = scope.schema.defined(kind)
    if key is not None and (not isinstance(key, str) or key not in known):
        scope.fault(f"{path}.{kind}", f"unknown {kind} {show(key)}{scope.hint(key, known)}")
        return None
    return Subscription(SYSTEM_EVENTS[event], key)


def hear_value(
    raw: dict[str, Any], scope: Scope, path: str, key: str, event: str, options: tuple[str, ...] | None = None
) -> Subscription | None:
    """A subscription to an event where its qualifier has the value that is given under a key; to any if none is."""
    value = raw.get(key)
    if value is not None and options is not None and value not in options:
        scope.fault(f"{path}.{key}", f"expected one of {', '.join(options)}, got {show(value)}")
        return None
    if value is not None and (not isinstance(value, str) or not value.strip()):
        scope.fault(f"{path}.{key}", f"expected text, got {show(value)}")
        return None
    return Subscription(SYSTEM_EVENTS[event], value)


def narrowed(heard: Subscription | None, test: Matches | None) -> Subscription | None:
    """The subscription with a further condition."""
    if heard is None or test is None:
        return heard
    return structs.replace(heard, test=test if heard.test is None else all_of([heard.test, test]))


def compile_trigger(raw: Any, scope: Scope, path: str) -> Subscription | None:
    """Check one trigger and compile it. Notes every fault."""
    if not isinstance(raw, dict):
        scope.fault(path, "expected an object with a type")
        return None
    name = raw.get("type")
    spec = TRIGGERS.get(name) if isinstance(name, str) else None
    if spec is None:
        what = f"unknown trigger {name[:64]!r}" if isinstance(name, str) else "names no trigger"
        scope.fault(f"{path}.type", what + (scope.hint(name, TRIGGERS.names())))
        return None
    scope.expect_keys(raw, path, ("id", "type", *spec.keys, "where", "when"))
    if "id" in raw:
        _check_id(raw["id"], scope, path)
    heard = spec.compile(raw, scope, path)
    if heard is None:
        return heard
    whole = narrowed(heard, compile_where(raw.get("where"), heard.event, scope, f"{path}.where"))
    return whole if raw.get("when") is None or whole is None else _under(whole, heard, raw, scope, path)


def _under(whole: Subscription, heard: Subscription, raw: dict[str, Any], scope: Scope, path: str) -> Subscription:
    """The subscription under circumstances; looked at last, since they may ask more than the event."""
    kept = None if heard.qualifier is None else (QUALIFIERS[heard.event.name], heard.qualifier)
    own = heard.test is not None
    checks = compile_when(raw["when"], heard.event, kept, own, raw.get("where"), scope, f"{path}.when")
    test = all_of([test for _, test in checks]) if checks else None
    under = narrowed(whole, test) or whole
    return structs.replace(under, checks=checks)


def _check_id(raw: Any, scope: Scope, path: str) -> None:
    """By its id a trigger stays the same one through changes; it may have none."""
    if not isinstance(raw, str) or not TRIGGER_ID.fullmatch(raw):
        scope.fault(f"{path}.id", f"expected 1 to 63 letters, digits, - and _, got {show(raw)}")
    elif raw in scope.trigger_ids:
        scope.fault(f"{path}.id", f"'{raw}' is the id of {scope.trigger_ids[raw]} already; give each its own")
    else:
        scope.trigger_ids[raw] = path
