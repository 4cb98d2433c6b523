"""Put the lead into a stream of a nurture."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.definitions.nurture import Nurture
from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.parameters import Choice, Literal
from campaigns.language.references import DefinedRef, PartOf


class AddToNurtureParams(msgspec.Struct, frozen=True):
    """The nurture, the stream, and where in it to begin."""

    nurture: Annotated[Defined, DefinedRef("The nurture", "nurture")]
    stream: Annotated[str, PartOf("The stream to begin with", of="nurture", parts=Nurture.keys, noun="stream")]
    position: Annotated[int | None, Literal("How many pieces to leave out at the beginning", "integer")] = 0
    if_member: Annotated[str, Choice("What to do with a lead that is in it", "leave", "move")] = "leave"


@action(
    "add_to_nurture", label="Add to a nurture", logs="add_to_nurture", params=AddToNurtureParams, records=["nurture"]
)
def add_to_nurture(lead: LeadState, params: AddToNurtureParams, context: Context) -> list[Effect] | NoOp:
    """The lead is in that stream of the nurture; who is in it already stays, or moves."""
    key = params.nurture.key
    member = lead.records.get(("nurture", key))
    if member is not None and params.if_member == "leave":
        return NoOp()
    position = max(0, params.position or 0)
    new = {
        "stream": params.stream,
        "position": position,
        "cadence": member["cadence"] if member else "normal",
        "exhausted": position >= params.nurture.spec.pieces(params.stream),
    }
    data = {"nurture": key, "stream": params.stream, "exhausted": new["exhausted"]}
    return [PutRecord("nurture", key, new, raises=Emit("nurture.changed", data))]
