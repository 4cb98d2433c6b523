"""An anonymous visitor becomes known."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "lead_identified",
    label="An anonymous visitor is identified",
    keys={"source": "Only by this source"},
    hears="lead.identified",
)
def lead_identified(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A visitor turns out to be the lead, `activities` of whom are now the lead's; by any source when none is named."""
    return hear_value(raw, scope, path, "source", "lead.identified")
