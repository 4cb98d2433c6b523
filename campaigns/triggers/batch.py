"""The campaign is run for all leads who match a filter."""

from __future__ import annotations

from typing import Any

from campaigns.language.batch import check_audience
from campaigns.language.schema import BATCH_MEMBER, SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger


@trigger(
    "batch",
    label="The campaign is run for an audience",
    keys={"audience": "A filter; the leads who match it when the batch is started are its members"},
    hears=BATCH_MEMBER,
)
def batch(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A person or the campaign's schedule starts a batch, and the lead is among its audience as it was then."""
    if scope.has_batch:
        scope.fault(f"{path}.type", "there is a trigger batch already; one campaign has one audience")
        return None
    scope.has_batch = True
    check_audience(raw.get("audience"), scope, f"{path}.audience")
    return Subscription(SYSTEM_EVENTS[BATCH_MEMBER], scope.key)
