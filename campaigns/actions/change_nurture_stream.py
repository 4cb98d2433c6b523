"""Move the lead to another stream of a nurture."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.definitions.nurture import Nurture
from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.references import DefinedRef, PartOf


class ChangeNurtureStreamParams(msgspec.Struct, frozen=True):
    """The nurture and the stream."""

    nurture: Annotated[Defined, DefinedRef("The nurture", "nurture")]
    stream: Annotated[str, PartOf("The stream to go on with", of="nurture", parts=Nurture.keys, noun="stream")]


@action(
    "change_nurture_stream",
    label="Change the stream of a nurture",
    logs="change_nurture_stream",
    params=ChangeNurtureStreamParams,
    records=["nurture"],
)
def change_nurture_stream(
    lead: LeadState, params: ChangeNurtureStreamParams, context: Context
) -> list[Effect] | Skipped:
    """The lead goes on with the beginning of that stream; one without any content is exhausted at once."""
    key = params.nurture.key
    member = lead.records.get(("nurture", key))
    if member is None:
        return Skipped(f"policy: the lead is not in {key}")
    if member["stream"] == params.stream:
        return [PutRecord("nurture", key, member)]
    exhausted = params.nurture.spec.pieces(params.stream) == 0
    new = member | {"stream": params.stream, "position": 0, "exhausted": exhausted}
    data = {"nurture": key, "stream": params.stream, "exhausted": exhausted}
    return [PutRecord("nurture", key, new, raises=Emit("nurture.changed", data))]
