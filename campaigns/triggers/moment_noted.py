"""An interesting moment is noted."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "moment_noted", label="An interesting moment is noted", keys={"kind": "Only of this kind"}, hears="moment.noted"
)
def moment_noted(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A campaign notes an interesting moment of the kind; of any when none is named."""
    return hear_value(raw, scope, path, "kind", "moment.noted")
