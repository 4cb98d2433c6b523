"""Wait for a person's decision."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.eventkinds import Approvers
from campaigns.language.flowkinds import Body
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Ended, Enter, Outcome, Parked
from campaigns.language.parameters import Value
from campaigns.language.periods import Period, shift
from campaigns.language.run import Run
from campaigns.language.schema import APPROVAL_DECIDED
from campaigns.language.waitkinds import WaitPeriod

ASKED = "asked"  #: in the memory of the step: what the people who decide are shown

Steps = int | msgspec.UnsetType | None


class ApprovalParams(msgspec.Struct, frozen=True):
    """What is asked of whom, how long, and what then."""

    text: Annotated[str | None, Value("What is to be approved, for the person who decides", "text", nullable=False)]
    timeout: Annotated[Period, WaitPeriod("How long it waits at most")]
    approvers: Annotated[
        tuple[str, ...] | None, Approvers("The users who may decide; unless given, all who look after the tenant")
    ] = None
    on_timeout: Annotated[Steps, Body("The steps if nobody decides in time; unless given the run ends")] = msgspec.UNSET
    on_declined: Annotated[Steps, Body("The steps if it is declined; unless given the run ends")] = msgspec.UNSET


@action(
    "approval",
    label="Ask for approval",
    logs="approval_ended",
    params=ApprovalParams,
    kind="flow",
    parks=True,
    hears=[APPROVAL_DECIDED],
    example={"text": "May {{ lead.first_name | default: 'this lead' }} have a discount?"},
)
def approval(lead: LeadState, params: ApprovalParams, context: Context) -> Outcome:
    """The run rests until somebody approves or declines, in the admin or by the API. Approved, it goes on."""
    run = context.run
    if run.woken is None:
        run.memory[ASKED] = {
            "number": run.waits, "text": params.text or "", "approvers": list(params.approvers or ()),
        }  # fmt: skip
        return Parked(until=shift(context.now, params.timeout, context.schema.zone), said={"asked": params.text})
    decided = _decision(run)
    if decided is not None:
        return _follow(decided, params)
    if run.until is not None and context.now < run.until:
        return Parked(until=run.until)
    return _either(params.on_timeout, "nobody decided in time", {"label": "timeout", "timed_out": True})


def _decision(run: Run) -> dict[str, Any] | None:
    """The first that was taken on this very question, also while the campaign was paused."""
    number = run.memory[ASKED]["number"]
    heard = [*run.kept, run.heard] if run.heard is not None else run.kept
    for one in heard:
        if one.type == APPROVAL_DECIDED and (one.data["run"], one.data["number"]) == (run.id, number):
            return one.data
    return None


def _follow(decided: dict[str, Any], params: ApprovalParams) -> Outcome:
    said = {"approved": decided["approved"], "by": decided["by"], "note": decided.get("note")}
    if decided["approved"]:
        return Done(said=said)
    return _either(params.on_declined, f"declined by {decided['by']}", said)


def _either(steps: Steps, reason: str, said: dict[str, Any]) -> Outcome:
    return Ended(reason) if isinstance(steps, msgspec.UnsetType) else Enter(body=steps, said=said)
