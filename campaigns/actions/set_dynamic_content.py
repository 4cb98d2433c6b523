"""Choose what a slot shows the lead."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.definitions.slot import Slot
from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.references import DefinedRef, PartOf


class SetDynamicContentParams(msgspec.Struct, frozen=True):
    """The slot, and its content."""

    slot: Annotated[Defined, DefinedRef("The slot", "slot")]
    variant: Annotated[str, PartOf("What it shows the lead from now on", of="slot", parts=Slot.keys, noun="variant")]


@action(
    "set_dynamic_content",
    label="Set dynamic content",
    logs="content_assigned",
    params=SetDynamicContentParams,
    records=["content"],
)
def set_dynamic_content(lead: LeadState, params: SetDynamicContentParams, context: Context) -> list[Effect] | Skipped:
    """The slot shows the lead this variant; pages and mails find it among what is kept of the lead."""
    if params.slot.archived:
        return Skipped(f"policy: {params.slot.key} is archived")
    return [PutRecord("content", params.slot.key, {"variant": params.variant})]
