"""Parameters of steps that wait for events, for a state of the lead, for a person."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.condition import Matches
from campaigns.language.context import Context, view_of
from campaigns.language.exits import hears_event
from campaigns.language.filtertree import GROUPS, compile_filter
from campaigns.language.flowkinds import read_label
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.run import Heard
from campaigns.language.schema import UNDECLARED, AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, is_token, typed_value
from campaigns.language.trigger import Subscription, compile_trigger
from campaigns.language.values import show

BRANCHES_LIMIT = 20
MATCHES_LIMIT = 10
APPROVERS_LIMIT = 50
TIMED = ("date", "datetime", "currency", UNDECLARED)


class EventBranch(msgspec.Struct, frozen=True):
    """An event that may end a wait, and the steps for it."""

    label: str
    subscription: Subscription
    match: tuple[tuple[str, Any], ...]  #: attributes of the event and what they must be: of the run's own event, say
    body: int | None

    def is_met(self, heard: Heard, lead: LeadState, context: Context) -> bool:
        """Whether the event is the one; the context is the run's."""
        if heard.type != self.subscription.event.name:
            return False
        theirs = heard_context(heard, context)
        if not hears_event(self.subscription, lead, theirs):
            return False
        return all(_equal(theirs.event.get(name), value, lead, context) for name, value in self.match)


def heard_context(heard: Heard, context: Context) -> Context:
    """The surroundings of an event that a run heard."""
    view = view_of(context.schema, heard.type, heard.data)
    found = Context(context.schema, heard.type, view, context.now, heard.at, context.depth, context.requestable)
    found.run, found.source, found.by = context.run, heard.source, heard.by
    return found


def _equal(found: Any, wanted: Any, lead: LeadState, context: Context) -> bool:
    """A value that is not there is equal to none."""
    try:
        value = wanted.read(lead, context) if isinstance(wanted, Dynamic) else wanted
    except BadValueError:
        return False
    return value is not None and found == value


class EventBranches(Kind):
    """A list of {label, trigger, match, steps}; the better ones first."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[EventBranch, ...]:
        """The branches, in order."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= BRANCHES_LIMIT:
            scope.fault(path, f"expected a list of 1 to {BRANCHES_LIMIT} branches, each with label, trigger and steps")
            return ()
        found = [_branch(item, scope, f"{path}[{index}]") for index, item in enumerate(raw)]
        labels = [branch.label for branch in found if branch is not None and branch.label]
        if len(set(labels)) < len(labels):
            scope.fault(path, "has a label twice; give each branch its own")
        return tuple(branch for branch in found if branch is not None)


def _branch(raw: Any, scope: Scope, path: str) -> EventBranch | None:
    if not isinstance(raw, dict) or not {"label", "trigger", "steps"} <= raw.keys():
        scope.fault(path, "expected an object with label, trigger and steps")
        return None
    scope.expect_keys(raw, path, ("label", "trigger", "match", "steps"))
    label = read_label(raw["label"], scope, f"{path}.label")
    subscription = compile_trigger(raw["trigger"], scope, f"{path}.trigger")
    if subscription is None:
        return None
    scope.hears.add(subscription.event.name)
    match = _match(raw.get("match", {}), subscription, scope, f"{path}.match")
    return EventBranch(label, subscription, match, scope.compile_body(raw["steps"], f"{path}.steps", False))


def _match(raw: Any, subscription: Subscription, scope: Scope, path: str) -> tuple[tuple[str, Any], ...]:
    """Pairs of an attribute and a value; a token is of the run: its event, its variables, the lead."""
    if not isinstance(raw, dict) or len(raw) > MATCHES_LIMIT:
        scope.fault(path, f"expected an object of at most {MATCHES_LIMIT} attributes and their values")
        return ()
    pairs, event = [], subscription.event
    for name, item in raw.items():
        spec = event.attributes.get(name) or (AttributeSpec(name, UNDECLARED) if event.open else None)
        if spec is None:
            hint = scope.hint(name, event.attributes)
            scope.fault(f"{path}.{name}", f"event type '{event.name}' has no such attribute{hint}")
        elif item is None:
            scope.fault(f"{path}.{name}", "must not be null: nothing is equal to no value")
        elif spec.type == UNDECLARED and not is_token(item) and not isinstance(item, str | int):
            scope.fault(f"{path}.{name}", f"expected text or a whole number, got {show(item)}")
        else:
            pairs.append((name, item if _is_plain(item, spec) else typed_value(item, spec, scope, f"{path}.{name}")))
    return tuple(pairs)


def _is_plain(item: Any, spec: AttributeSpec) -> bool:
    return spec.type == UNDECLARED and not is_token(item)


class Watched(msgspec.Struct, frozen=True):
    """A rule that is looked at until it holds."""

    matches: Matches
    reads_clock: bool  #: it may come to hold without any change of the lead


class WatchedRule(Kind):
    """A filter tree, looked at again with each change of the lead."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Watched:
        """The test, and whether time alone may change what it says."""
        scope.watches = True
        matches = compile_filter(raw, scope, path)
        return Watched(matches, not scope.faults and _reads_clock(raw, scope))


def _reads_clock(raw: Any, scope: Scope) -> bool:
    """Whether a condition is about a date, or of a kind that is not known to stand still."""
    for name in GROUPS:
        if name in raw:
            return any(_reads_clock(item, scope) for item in raw[name])
    if "now" in str(raw.get("value")):
        return True
    if "field" in raw:
        spec = scope.find_field(raw["field"], "")
        return spec is None or spec.type in TIMED
    return "event" not in raw or _type_of(raw, scope) in TIMED


def _type_of(raw: dict[str, Any], scope: Scope) -> str:
    if raw["event"] == "occurred_at":
        return "datetime"
    spec = scope.find_attribute(raw["event"], "")
    return raw.get("type", UNDECLARED) if spec is None or spec.type == UNDECLARED else spec.type


class Approvers(Kind):
    """A list of the names of users."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[str, ...]:
        """The names. Somebody who does not look after the tenant is a fault on publication."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= APPROVERS_LIMIT:
            scope.fault(path, f"expected a list of 1 to {APPROVERS_LIMIT} names of users, got {show(raw)}")
            return ()
        people = scope.schema.people if scope.publishing else None
        for place, name in enumerate(raw):
            if not isinstance(name, str) or not name.strip():
                scope.fault(f"{path}[{place}]", f"expected the name of a user, got {show(name)}")
            elif people is not None and name not in people:
                scope.fault(f"{path}[{place}]", f"{show(name)} does not look after this tenant, so could not decide")
        return tuple(name for name in raw if isinstance(name, str))
