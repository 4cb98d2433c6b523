"""What a campaign is for: `goals` in its document.

    {"goal": "first-order", "trigger": {"type": "event", "event": "purchase"}, "value": "{{ event.amount }}"}
    {"goal": "upgraded", "when": {"field": "stage", "operator": "is", "value": "vip"}}
    {"goal": "first-order"}                      recorded elsewhere: the run ends when it is

Who reaches one needs the campaign no more: the run ends at once, also inside waits, and the goal is recorded as by the
action record_goal.
"""

from __future__ import annotations

from typing import Any

from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import PutRecord
from campaigns.language.exits import EXITS_LIMIT, Exit, compile_way_out
from campaigns.language.flowkinds import read_label
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.reaching import GOAL, reach
from campaigns.language.references import DefinedRef
from campaigns.language.schema import SYSTEM_EVENTS, AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, typed_value
from campaigns.language.touches import record_name
from campaigns.language.trigger import Subscription

KEYS = ("goal", "label", "trigger", "when", "value", "once_key")
VALUE, ONCE_KEY = AttributeSpec("value", "decimal"), AttributeSpec("once_key", "string")


def compile_goals(raw: Any, scope: Scope) -> tuple[Exit, ...]:
    """Check the goals and make them ready: ways out that leave a record. Notes every fault."""
    if raw is None:
        return ()
    if not isinstance(raw, list) or len(raw) > EXITS_LIMIT:
        scope.fault("goals", f"expected a list of at most {EXITS_LIMIT} goals")
        return ()
    events = scope.events
    found = [_compile_goal(item, scope, f"goals[{index}]") for index, item in enumerate(raw)]
    scope.events = events
    return tuple(item for item in found if item is not None)


def _compile_goal(raw: Any, scope: Scope, path: str) -> Exit | None:
    if not isinstance(raw, dict) or "goal" not in raw:
        scope.fault(path, "expected an object with goal, and trigger or when unless it is recorded elsewhere")
        return None
    scope.expect_keys(raw, path, KEYS)
    goal = DefinedRef("", GOAL).prepare(raw["goal"], scope, f"{path}.goal", {})
    if goal is None:
        return None
    label = read_label(raw["label"], scope, f"{path}.label") if "label" in raw else goal.name
    if "trigger" not in raw and "when" not in raw:
        for name in ("value", "once_key"):
            if name in raw:
                scope.fault(f"{path}.{name}", "has no meaning here: whoever records the goal says it")
        return Exit(label, Subscription(SYSTEM_EVENTS["goal.reached"], goal.key), None)
    scope.read_records(GOAL, goal.key)
    scope.writes.add(record_name(GOAL, goal.key))
    subscription, when = compile_way_out(raw, scope, path)
    value = typed_value(raw.get("value"), VALUE, scope, f"{path}.value")
    key = typed_value(raw.get("once_key"), ONCE_KEY, scope, f"{path}.once_key")
    return Exit(label, subscription, when, _recording(goal, value, key))


def _recording(goal: Defined, value: Any, once_key: Any) -> Any:
    def record(lead: LeadState, context: Context) -> PutRecord | None:
        return reach(goal, _read(value, lead, context), _read(once_key, lead, context), lead, context)

    return record


def _read(value: Any, lead: LeadState, context: Context) -> Any:
    """A value that does not fit is none: the goal counts all the same."""
    if not isinstance(value, Dynamic):
        return value
    try:
        return value.read(lead, context)
    except BadValueError:
        return None
