"""Freeze the lead: no campaign does anything to it for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import NO_END, Effect, Freeze
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.parameters import Value


class FreezeProcessingParams(msgspec.Struct, frozen=True):
    """Until when."""

    until: Annotated[datetime | None, Value("The end; null until a person ends it", "datetime")] = None


@action(
    "freeze_processing",
    label="Freeze processing",
    logs="processing_restricted",
    params=FreezeProcessingParams,
    writes=["processing"],
)
def freeze_processing(lead: LeadState, params: FreezeProcessingParams, context: Context) -> list[Effect] | Failed:
    """Events of the lead are kept in its history and no campaign hears them; its waiting runs rest until then. The
    steps after this one are still executed. A person can end it on the lead's page."""
    until = params.until or NO_END
    if until <= context.now:
        return Failed("the end is in the past")
    return [Freeze(until)]
