"""Send the lead no marketing for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.parameters import Value


class SuspendMarketingParams(msgspec.Struct, frozen=True):
    """Until when."""

    until: Annotated[datetime | None, Value("The end; null for no end", "datetime")] = None


@action(
    "suspend_marketing",
    label="Suspend marketing",
    logs="marketing_suspended",
    params=SuspendMarketingParams,
    records=["marketing"],
)
def suspend_marketing(lead: LeadState, params: SuspendMarketingParams, context: Context) -> list[Effect] | Failed:
    """Marketing messages are skipped until then; operational ones pass."""
    if params.until is not None and params.until <= context.now:
        return Failed("the end is in the past")
    return [PutRecord("marketing", "suspended", {"until": params.until and params.until.isoformat()})]
