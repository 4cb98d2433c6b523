"""A plan in words, for the terminal and for pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from campaigns.exchange.applying import Plan
from campaigns.exchange.comparison import Change
from campaigns.exchange.layout import in_order

SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
LENGTH = 400  #: characters of a value that are shown


def lines(plan: Plan) -> Iterator[str]:
    """What would change, one thing a line, old before new."""
    if not plan.exists:
        yield f"There is no campaign {plan.key} yet: it would be made."
    elif not plan.changes:
        yield f"Nothing would change in {plan.key}."
    for change in plan.changes:
        yield from lines_of(change)
    told = (
        ("It would not be applied:", plan.refused),
        ("It could not be published:", plan.faults),
        ("It could be published, but:", plan.warnings),
    )
    for title, faults in told:
        if faults:
            yield title
            yield from (f"  {fault}" for fault in faults)


def lines_of(change: Change) -> Iterator[str]:
    """One change."""
    head = f"{SIGNS[change.what]} {change.kind} {change.id}"
    if change.what == "moved":
        yield f"{head}: from place {change.old + 1} to {change.new + 1}"
    elif change.what == "changed":
        yield head
        for one in change.differences:
            yield f"    {one.path or 'it'}: {_short(one.old)} → {_short(one.new)}"
    else:
        yield f"{head}: {_short(change.new if change.what == 'added' else change.old)}"


def _short(value: Any) -> str:
    text = json.dumps(in_order(value), ensure_ascii=False)
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}…"
