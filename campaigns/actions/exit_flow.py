"""End the campaign here."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.checkpoints import CheckpointRef, Undoing
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Ended, Undo
from campaigns.language.parameters import Literal


class ExitFlowParams(msgspec.Struct, frozen=True):
    """How it ended, and whether what was done is undone."""

    label: Annotated[str | None, Literal("How it ended, as reports call it", "string")] = None
    undo: Annotated[bool | None, Undoing("Whether what the run did is undone, back from its last checkpoint")] = False
    undo_to: Annotated[
        str | None, CheckpointRef("Undone no further than to this checkpoint, its own undo included")
    ] = None


@action(
    "exit_flow",
    label="Exit the flow",
    logs="run_ended",
    params=ExitFlowParams,
    kind="flow",
    example={"label": "bought"},
)
def exit_flow(lead: LeadState, params: ExitFlowParams, context: Context) -> Ended | Undo:
    """No further step of the campaign runs for this event, but those that undo what it did where that is asked for."""
    label = params.label or "exit"
    return Undo(label, to=params.undo_to or "") if params.undo or params.undo_to else Ended(label)
