"""The lead enters a nurture, or another stream of it."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger(
    "nurture_changed",
    label="A nurture's stream changes",
    keys={"nurture": "Only this nurture"},
    hears="nurture.changed",
)
def nurture_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead enters the nurture or another stream of it; `exhausted` says whether there is nothing left to send."""
    return hear_defined(raw, scope, path, "nurture", "nurture.changed")
