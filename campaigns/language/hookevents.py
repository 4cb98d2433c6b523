"""What arrives at a hook as an event: typed as the hook declares, read the same when it is heard."""

from __future__ import annotations

from typing import Any

from campaigns.definitions.hook import Hook, HookCondition
from campaigns.language.definition import Defined
from campaigns.language.eventtypes import AttributeSpec, EventTypeSpec, event_type
from campaigns.language.faults import Fault
from campaigns.language.payload import find

HOOK_RECEIVED = "hook.received"


def event_of(hook: Defined) -> EventTypeSpec:
    """The event type with the attributes of one hook."""
    declared = [AttributeSpec(name, one.type, one.required) for name, one in hook.spec.attributes.items()]
    return event_type(HOOK_RECEIVED, AttributeSpec("hook", "string", True), *declared, qualifier="hook")


def applies(hook: Hook, payload: Any) -> bool:
    """Whether the payload meets every condition."""
    return all(_meets(one, find(payload, one.path)) for one in hook.conditions)


def _meets(condition: HookCondition, value: Any) -> bool:
    match condition.operator:
        case "exists":
            return value is not None
        case "missing":
            return value is None
        case "is_any_of":
            return any(_same(value, item) for item in condition.value)
        case "is":
            return _same(value, condition.value)
        case _:
            return not _same(value, condition.value)


def _same(one: Any, other: Any) -> bool:
    """true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def take(hook: Defined, payload: Any) -> tuple[dict[str, Any], list[Fault]]:
    """The typed data of the event, and every fault in the payload."""
    data: dict[str, Any] = {"hook": hook.key}
    faults = []
    for name, attribute in event_of(hook).attributes.items():
        if name == "hook":
            continue
        path = hook.spec.attributes[name].path
        raw = find(payload, path)
        try:
            value = None if raw is None else attribute.cast(raw)
        except ValueError as error:
            faults.append(Fault(path, str(error)))
            continue
        if value is not None:
            data[name] = value
        elif attribute.required:
            faults.append(Fault(path, "is required"))
    return data, faults


def key_at(payload: Any, path: str) -> str | None:
    """A lead's key or an id: text, or a whole number as text."""
    value = find(payload, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None
