"""Take one of several ways."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.flowkinds import Body, Case, Cases
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Enter


class BranchParams(msgspec.Struct, frozen=True):
    """The ways, and the one for all others."""

    cases: Annotated[tuple[Case, ...], Cases("The ways in order, each with its label, its condition and its steps")]
    default: Annotated[int | None, Body("The steps for those whom no case takes")] = None


@action("branch", label="Branch", logs="branch_taken", params=BranchParams, kind="flow")
def branch(lead: LeadState, params: BranchParams, context: Context) -> Enter:
    """The steps of the first case that holds run, then those after the branch."""
    for case in params.cases:
        if case.when(lead, context):
            return Enter(body=case.body, said={"label": case.label})
    return Enter(body=params.default, said={"label": "default"})
