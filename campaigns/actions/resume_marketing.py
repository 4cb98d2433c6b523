"""Send the lead marketing again."""

from __future__ import annotations

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState


class ResumeMarketingParams(msgspec.Struct, frozen=True):
    """Nothing to say."""


@action(
    "resume_marketing",
    label="Resume marketing",
    logs="marketing_resumed",
    params=ResumeMarketingParams,
    records=["marketing"],
)
def resume_marketing(lead: LeadState, params: ResumeMarketingParams, context: Context) -> list[Effect]:
    """The suspension has ended."""
    return [PutRecord("marketing", "suspended", None)]
