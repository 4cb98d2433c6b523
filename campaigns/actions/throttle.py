"""Let leads through no faster than so many in so long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.flowkinds import Body
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Enter, Failed, Outcome, Parked
from campaigns.language.parameters import Choice, WholeNumber
from campaigns.language.slots import REFUSED, SLOT, SlotRequest
from campaigns.language.waiting import leave_out_next
from campaigns.language.waitkinds import Burst, GivenText

LENGTHS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
LIMIT = 1_000_000


class ThrottleParams(msgspec.Struct, frozen=True):
    """How many in how long, of what, and what with those too many."""

    key: Annotated[
        str | None,
        GivenText("What is counted together, in all campaigns: a name such as sms, or a template for one of each"),
    ]
    rate: Annotated[int, WholeNumber("How many are let through", 1, LIMIT)]
    per: Annotated[str, Choice("In how long", *LENGTHS)]
    burst: Annotated[int, Burst("How many of these may go at once after a rest; the others evenly", LIMIT)] = 1
    overflow: Annotated[
        str,
        Choice(
            "Those too many wait for their turn, take other steps, or go on without the next step",
            "wait",
            "branch",
            "skip",
        ),
    ] = "wait"
    on_overflow: Annotated[int | None, Body("The steps for those too many, where they branch")] = None


@action(
    "throttle",
    label="Throttle",
    logs="throttled",
    params=ThrottleParams,
    kind="flow",
    parks=True,
    example={"key": "sms", "rate": 1000, "per": "hour"},
)
def throttle(lead: LeadState, params: ThrottleParams, context: Context) -> Outcome:
    """The run rests until a slot of its own, handed out in the order of asking. It always rests for a moment, even
    where a slot is free. Slots that came while nothing was executed are used late, at once."""
    run = context.run
    slot = run.memory.get(SLOT) if run.woken is not None else None
    if params.key is None:
        return Failed("missing: the key is empty, so nothing was counted")
    if slot is None:
        every = LENGTHS[params.per] / params.rate
        return Parked(asks=SlotRequest(params.key, every, params.burst, params.overflow == "wait"), quiet=True)
    if slot == REFUSED:
        return _turn_away(params, context)
    free_at = datetime.fromisoformat(slot)
    if context.now < free_at:
        return Parked(until=free_at, quiet=True)
    return Done(said={"key": params.key, "slot": slot})


def _turn_away(params: ThrottleParams, context: Context) -> Outcome:
    reason = f"policy: more than {params.rate} per {params.per} for {params.key}"
    if params.overflow == "branch":
        return Enter(body=params.on_overflow, said={"key": params.key, "label": "overflow", "reason": reason})
    return leave_out_next(reason, context)
