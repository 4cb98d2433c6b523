"""Keep the lead off a smart list, whatever its filter says."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.exclusions import EXCLUDED
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.parameters import Value
from campaigns.language.references import DefinedRef
from campaigns.language.walltime import instant_at


class ExcludeFromSmartListParams(msgspec.Struct, frozen=True):
    """The list, and until when."""

    list: Annotated[Defined, DefinedRef("The smart list", "smart_list")]
    until: Annotated[
        date | None,
        Value("The first day on which its filter counts again, in the tenant's zone; null for ever", "date"),
    ] = None


@action(
    "exclude_from_smart_list",
    label="Exclude from a smart list",
    logs="exclude_from_list",
    params=ExcludeFromSmartListParams,
    records=[EXCLUDED],
)
def exclude_from_smart_list(
    lead: LeadState, params: ExcludeFromSmartListParams, context: Context
) -> list[Effect] | Failed:
    """The lead is not on the list until then, also where the list is within another one. The last exclusion counts."""
    until = None if params.until is None else instant_at(params.until, 0, context.schema.zone)
    if until is not None and until <= context.now:
        return Failed(f"the exclusion would be over already: {params.until} is no day to come")
    return [PutRecord(EXCLUDED, params.list.key, {"until": until and until.isoformat()})]
