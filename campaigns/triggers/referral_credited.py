"""The lead is credited for having referred another."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show


@trigger(
    "referral_credited",
    label="A referral is credited",
    keys={"programme": "Only in this programme"},
    hears="lead.referral_credited",
)
def referral_credited(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The action give_referral_credit credits the lead, in that programme or in any when none is named."""
    programme = raw.get("programme")
    if programme is not None and not isinstance(programme, str):
        scope.fault(f"{path}.programme", f"expected the name of a referral programme, got {show(programme)}")
        return None
    return Subscription(SYSTEM_EVENTS["lead.referral_credited"], programme)
