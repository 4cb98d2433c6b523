"""Run another campaign for the lead as a part of this one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.executing import ExecutedCampaign, Outputs, Tokens
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Execute, Failed, Parked
from campaigns.language.parameters import Choice
from campaigns.language.run import Child
from campaigns.language.values import TYPES
from campaigns.language.variables import set_variable


class ExecuteCampaignParams(msgspec.Struct, frozen=True):
    """The campaign, what it is told, and what comes back."""

    campaign: Annotated[str, ExecutedCampaign("A running campaign with the trigger campaign_requested")]
    context: Annotated[
        str, Choice("Whether it sees the event of this run, or nothing but the tokens", "inherit", "own")
    ] = "own"
    tokens: Annotated[tuple[tuple[str, Any], ...], Tokens("What it is told, read as {{ event.name }}")] = ()
    outputs: Annotated[
        tuple[tuple[str, str], ...], Outputs("Variables of its run that this run takes over, each with its type")
    ] = ()


@action(
    "execute_campaign",
    label="Execute a campaign",
    logs="executed_campaign",
    params=ExecuteCampaignParams,
    kind="flow",
    parks=True,
)
def execute_campaign(
    lead: LeadState, params: ExecuteCampaignParams, context: Context
) -> Execute | Done | Failed | Parked:
    """The campaign runs for the lead, if it admits it, and this run goes on when that is over, also by hand."""
    run = context.run
    if run.woken == "child" and run.child is not None:
        return _take_over(params, run.child, context)
    if run.woken is not None:
        is_inside = any(other.state.get("parent") == run.id for other in lead.runs.values())
        return Parked(quiet=True) if is_inside else _take_over(params, Child("", {}), context)
    told = dict(context.event.raw) if params.context == "inherit" else {}
    return Execute(campaign=params.campaign, data=told | dict(params.tokens) | {"campaign": params.campaign})


def _take_over(params: ExecuteCampaignParams, child: Child, context: Context) -> Done | Failed:
    """The outputs become variables of this run; those that the other run has not set become null."""
    for name, kind in params.outputs:
        found = child.variables.get(name, (kind, None))[0]
        if found != kind:
            wanted = TYPES[kind].label
            return Failed(f"{name} of {params.campaign} came back as {TYPES[found].label}; the step expects {wanted}")
    for name, kind in params.outputs:
        set_variable(context, name, kind, child.variables.get(name, (kind, None))[1])
    ended = {"run": child.id} if child.id else {"reason": "it was ended by hand"}
    return Done(said={"campaign": params.campaign, "qualified": True} | ended)
