"""Pause a nurture for the lead, or go on with it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Choice
from campaigns.language.references import DefinedRef


class ChangeNurtureCadenceParams(msgspec.Struct, frozen=True):
    """The nurture, and whether it goes on."""

    nurture: Annotated[Defined, DefinedRef("The nurture", "nurture")]
    cadence: Annotated[str, Choice("Whether content is sent", "normal", "paused")]


@action(
    "change_nurture_cadence",
    label="Change the cadence of a nurture",
    logs="change_nurture_cadence",
    params=ChangeNurtureCadenceParams,
    records=["nurture"],
)
def change_nurture_cadence(
    lead: LeadState, params: ChangeNurtureCadenceParams, context: Context
) -> list[Effect] | Skipped:
    """The lead keeps its place in the stream; while it is paused nothing is sent."""
    key = params.nurture.key
    member = lead.records.get(("nurture", key))
    if member is None:
        return Skipped(f"policy: the lead is not in {key}")
    changed = Emit("nurture.cadence_changed", {"nurture": key, "cadence": params.cadence})
    return [PutRecord("nurture", key, member | {"cadence": params.cadence}, raises=changed)]
