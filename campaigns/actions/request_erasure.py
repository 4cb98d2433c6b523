"""Ask that what is known of the lead be erased, after a while in which a person can take it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import ANONYMISE, ERASE, RequestErasure, Skipped
from campaigns.language.parameters import Choice
from campaigns.language.periods import Period, shift
from campaigns.language.waitkinds import WaitPeriod

#: Bundles that were begun before the request are over by then: they do not know that the lead's key is to be refused.
SOONEST = timedelta(minutes=1)


class RequestErasureParams(msgspec.Struct, frozen=True):
    """How, and after how long."""

    mode: Annotated[
        str, Choice("`anonymise` keeps that something happened and when, `erase` keeps nothing", ANONYMISE, ERASE)
    ] = ANONYMISE
    delay: Annotated[
        Period, WaitPeriod("How long a person can still cancel it; 0 of any unit is a minute from now", least=0)
    ] = Period(30, "days")


@action(
    "request_erasure",
    label="Request erasure",
    logs="erasure_requested",
    params=RequestErasureParams,
    kind="flow",
    writes=["processing"],
    final=True,
)
def request_erasure(lead: LeadState, params: RequestErasureParams, context: Context) -> RequestErasure | Skipped:
    """The lead is frozen at once, its waiting runs end, and what waits to be sent to it is cancelled. When the delay is
    over, its data are anonymised or removed, in the history too; a legal hold forbids it."""
    if lead.hold is not None:
        return Skipped(f"policy: a legal hold keeps what is known of the lead ({lead.hold}); lift it and ask again")
    due_at = max(shift(context.now, params.delay, context.schema.zone), context.now + SOONEST)
    return RequestErasure(mode=params.mode, due_at=due_at)
