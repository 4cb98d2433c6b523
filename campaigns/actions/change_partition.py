"""Move the lead into another partition of the tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord, PutShared
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.partitions import CHANGED, KEY, KIND, partition_of, seat
from campaigns.language.references import DefinedRef
from campaigns.language.shared import SEAT


class ChangePartitionParams(msgspec.Struct, frozen=True):
    """Where to."""

    partition: Annotated[Defined, DefinedRef("The partition", "partition")]


@action(
    "change_partition",
    label="Change the partition",
    logs="change_lead_partition",
    params=ChangePartitionParams,
    records=[KIND, SEAT],
)
def change_partition(lead: LeadState, params: ChangePartitionParams, context: Context) -> list[Effect] | NoOp | Skipped:
    """The lead is in that partition and in no other; unless a lead is there already that has its e-mail address."""
    old, new = partition_of(lead), params.partition.key
    if old == new:
        return NoOp()
    others = [key for key in _seated(lead, new) if key != lead.key]
    if others:
        return Skipped(f"policy: {others[0]} is in {new} and has the same e-mail address; merge the two")
    ends = {"from": old, "to": new}
    kept = PutRecord(KIND, KEY, {"partition": new}, ends, raises=Emit(CHANGED, ends))
    return [kept, *_leave(lead, old), *_enter(lead, new)]


def _seated(lead: LeadState, partition: str) -> list[str]:
    """Keys of those who are there under the lead's address, the lead too."""
    email = lead.values.get("email")
    if email is None:
        return []
    found = lead.shared.get(SEAT, seat(partition, email), make=True) or {}
    return list(found.get("leads", ()))


def _leave(lead: LeadState, partition: str | None) -> Iterator[Effect]:
    if partition is not None and (seated := _seated(lead, partition)):
        left = [key for key in seated if key != lead.key]
        yield PutShared(SEAT, seat(partition, lead.values["email"]), {"leads": left})


def _enter(lead: LeadState, partition: str) -> Iterator[Effect]:
    if lead.values.get("email") is not None:
        yield PutShared(SEAT, seat(partition, lead.values["email"]), {"leads": [lead.key]})
