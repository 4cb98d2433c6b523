"""The lead's status in a program changes."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger(
    "program_status_changed",
    label="A program status changes",
    keys={"program": "Only this program"},
    hears="program.status_changed",
)
def program_status_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead becomes a member of the program, or gets another status or success in it; of any when none is named."""
    return hear_defined(raw, scope, path, "program", "program.status_changed")
