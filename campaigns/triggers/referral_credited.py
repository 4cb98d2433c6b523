"""A referral is credited."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "referral_credited",
    label="A referral is credited",
    keys={"programme": "Only in this programme"},
    hears="lead.referral_credited",
)
def referral_credited(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The action give_referral_credit credits the lead, in that programme or in any when none is named."""
    return hear_value(raw, scope, path, "programme", "lead.referral_credited")
