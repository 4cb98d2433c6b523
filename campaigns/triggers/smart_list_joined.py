"""The lead comes to match a smart list."""

from __future__ import annotations

from typing import Any

from campaigns.language.filtertree import compile_filter
from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.smartlists import KIND, whole_list
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show
from campaigns.language.watching import JOINED, SEEN


@trigger("smart_list_joined", label="A smart list is joined", keys={"smart_list": "The smart list"}, hears=JOINED)
def smart_list_joined(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead begins to match the smart list, by whatever happens to it, or by a change of the list; who matches it
    when the campaign is published has not begun to. Looked at with each event of the lead, so what changes by the
    passing of time alone (`in the past 30 days`) is noticed with its next event."""
    return hear_list(raw, scope, path, JOINED)


def hear_list(raw: dict[str, Any], scope: Scope, path: str, event: str) -> Subscription | None:
    """A subscription to what happens to one smart list, which is watched from then on."""
    key, known = raw.get("smart_list"), scope.schema.defined(KIND)
    if not isinstance(key, str) or key not in known:
        scope.fault(f"{path}.smart_list", f"unknown smart list {show(key)}{scope.hint(key, known)}")
        return None
    before = len(scope.faults)
    matches = compile_filter(whole_list(key), scope, path)
    if len(scope.faults) > before:
        return None
    scope.needs_records.add(SEEN)
    scope.watched[key] = matches
    return Subscription(SYSTEM_EVENTS[event], key)
