"""Mark a point behind which a run can be undone."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.checkpoints import CheckpointLabel
from campaigns.language.context import Context
from campaigns.language.flowkinds import Enclosed
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Mark
from campaigns.language.parameters import Choice

WHY = "what undoes changes the lead or sends something; it cannot wait, branch or end (a step has choices instead)"


class CheckpointParams(msgspec.Struct, frozen=True):
    """The point, and what undoes what was done behind it."""

    label: Annotated[str, CheckpointLabel("What the point is called")]
    undo: Annotated[
        int | None,
        Enclosed(
            "Steps that undo what was done since; they run if the run ends badly", natures=("state", "outside"), why=WHY
        ),
    ]
    on_failure: Annotated[
        str, Choice("When a later step fails, the run goes on, or ends and is undone as a whole", "go_on", "undo")
    ] = "go_on"


@action("checkpoint", label="Mark a checkpoint", logs="checkpoint", params=CheckpointParams, kind="flow")
def checkpoint(lead: LeadState, params: CheckpointParams, context: Context) -> Mark:
    """The run has passed the point, through waits too. It is undone, the last point first, when it ends by an
    `exit_flow` or an exit that says `undo`, or by a failure where `on_failure` says so. Who ends a run from outside,
    or begins it anew, undoes nothing."""
    return Mark(label=params.label, undone=bool(context.run.returned and context.run.undoing))
