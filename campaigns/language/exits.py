"""What ends the runs of a campaign at once, also inside waits: `exits` in its document.

    {"label": "bought", "trigger": {"type": "event", "event": "purchase"}}
    {"label": "no longer a customer", "when": {"field": "stage", "operator": "is_not", "value": "customer"}}

With a trigger and `when`, both must hold; with `when` alone, any change of the lead has it looked at. With
`"undo": true` what the run did is undone by its checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from campaigns.language.checkpoints import Undoing
from campaigns.language.condition import Matches
from campaigns.language.context import Context
from campaigns.language.effects import PutRecord
from campaigns.language.filtertree import compile_filter
from campaigns.language.flowkinds import read_label
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.trigger import QUALIFIERS, Subscription, compile_trigger

EXITS_LIMIT = 20


class Exit(msgspec.Struct, frozen=True):
    """One way out."""

    label: str
    subscription: Subscription | None
    when: Matches | None
    #: of a goal: what is recorded as it is reached; None where it was reached before
    records: Callable[[LeadState, Context], PutRecord | None] | None = None
    undo: bool = False  #: what the run did behind its checkpoints is undone

    @property
    def hears(self) -> str | None:
        """The type of event that may end a run; None where a change of the lead does."""
        return self.subscription.event.name if self.subscription else None

    def is_met(self, lead: LeadState, context: Context) -> bool:
        """Whether the event of the context, or the lead as it is now, ends a run."""
        heard = self.subscription
        if heard is not None and not hears_event(heard, lead, context):
            return False
        return self.when is None or self.when(lead, context)


def hears_event(subscription: Subscription, lead: LeadState, context: Context) -> bool:
    """Whether a subscription hears the event of the context."""
    if subscription.event.name != context.type:
        return False
    wanted = subscription.qualifier
    if wanted is not None and context.event.get(QUALIFIERS[context.type]) != wanted:
        return False
    return subscription.test is None or subscription.test(lead, context)


def compile_exits(raw: Any, scope: Scope) -> tuple[Exit, ...]:
    """Check the exits and make them ready. Notes every fault."""
    if raw is None:
        return ()
    if not isinstance(raw, list) or len(raw) > EXITS_LIMIT:
        scope.fault("exits", f"expected a list of at most {EXITS_LIMIT} exits")
        return ()
    events, found = scope.events, []
    for index, item in enumerate(raw):
        found.append(_compile_exit(item, scope, f"exits[{index}]"))
    scope.events = events
    return tuple(item for item in found if item is not None)


def _compile_exit(raw: Any, scope: Scope, path: str) -> Exit | None:
    if not isinstance(raw, dict) or not ("trigger" in raw or "when" in raw):
        scope.fault(path, "expected an object with label, and trigger or when")
        return None
    scope.expect_keys(raw, path, ("label", "trigger", "when", "undo"))
    label = read_label(raw.get("label"), scope, f"{path}.label")
    undo = Undoing("").prepare(raw.get("undo", False), scope, f"{path}.undo", {})
    return Exit(label, *compile_way_out(raw, scope, path), undo=bool(undo))


def compile_way_out(raw: dict[str, Any], scope: Scope, path: str) -> tuple[Subscription | None, Matches | None]:
    """The event and the condition; from here on the event's attributes are those that can be read."""
    subscription = compile_trigger(raw["trigger"], scope, f"{path}.trigger") if "trigger" in raw else None
    scope.events = [subscription.event] if subscription else []
    when = compile_filter(raw["when"], scope, f"{path}.when") if raw.get("when") is not None else None
    return subscription, when
