"""Go on only the first time for a key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Ended, Skipped
from campaigns.language.parameters import PeriodValue, Value
from campaigns.language.periods import Period, shift


class OncePerParams(msgspec.Struct, frozen=True):
    """The key, and for how long it counts."""

    key: Annotated[str | None, Value('What is done once for each, such as "welcome" or an order\'s number', "string")]
    window: Annotated[Period | None, PeriodValue("After so long it may be done again; for ever unless given")] = None


@action(
    "once_per",
    label="Once per",
    logs="once_guard",
    params=OncePerParams,
    kind="flow",
    records=["once"],
    writes=["record:once:{key}"],
)
def once_per(lead: LeadState, params: OncePerParams, context: Context) -> list[Effect] | Ended | Skipped:
    """The first time the campaign goes on; again within the window it ends here. Without a key it goes on."""
    if params.key is None:
        return Skipped("missing: there is no key")
    last = lead.records.get(("once", params.key))
    if last is not None and _counts(datetime.fromisoformat(last["at"]), params.window, context):
        return Ended(f"done already for {params.key}")
    return [PutRecord("once", params.key, {"at": context.occurred_at.isoformat()})]


def _counts(at: datetime, window: Period | None, context: Context) -> bool:
    return window is None or context.occurred_at < shift(at, window, context.schema.zone)
