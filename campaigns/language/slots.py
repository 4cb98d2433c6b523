"""Slots of time by which leads are let through, so many in so long: a token bucket kept as one moment.

The moment is that at which a bucket of one would be full again. It lies ahead by as much as was taken too soon, and
a burst is how far it may lie back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from campaigns.language.run import ParkedRun

#: Of a bucket that nobody has taken from.
UNTOUCHED = datetime(1970, 1, 1, tzinfo=UTC)

SLOT = "slot"  #: in the memory of the step that asked
REFUSED = "refused"


class SlotRequest(msgspec.Struct, frozen=True):
    """A run asks for a slot."""

    key: str  #: of the tenant's bucket
    every: timedelta  #: from one slot to the next
    burst: int  #: slots that may be taken at once after a rest
    waits: bool  #: else it is refused where none is free now


def take_slots(
    next_at: datetime, now: datetime, requests: Sequence[SlotRequest]
) -> tuple[list[datetime | None], datetime]:
    """The slot of each, in order, None where it is refused; and the bucket's moment then."""
    slots: list[datetime | None] = []
    for request in requests:
        free_at = max(next_at, now - (request.burst - 1) * request.every)
        if free_at > now and not request.waits:
            slots.append(None)
            continue
        slots.append(max(free_at, now))
        next_at = free_at + request.every
    return slots, next_at


def give_slot(run: ParkedRun, slot: datetime | None, now: datetime) -> None:
    """Let a parked run that asked for a slot know its own, or that it was refused: it is due then, or now."""
    run.state = note_slot(run.state, run.step, slot)
    run.wake_at, run.asks = slot or now, None


def note_slot(state: dict[str, Any], step: str, slot: datetime | None) -> dict[str, Any]:
    """The stored state of a run with what its step got."""
    memories = state.get("memories", {})
    got = REFUSED if slot is None else slot.isoformat()
    return {**state, "memories": {**memories, step: {**memories.get(step, {}), SLOT: got}}}
