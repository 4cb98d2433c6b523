"""Give somebody something to do."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import Choice, OwnerValue, PeriodValue, Value
from campaigns.language.periods import Period, shift

FIVE_DAYS = Period(5, "days")


class CreateTaskParams(msgspec.Struct, frozen=True):
    """What, by when, by whom."""

    subject: Annotated[str | None, Value("What is to be done; a template", "string")]
    description: Annotated[str | None, Value("More about it; a template", "text")] = None
    due_in: Annotated[Period, PeriodValue("By when; five days unless given")] = FIVE_DAYS
    owner: Annotated[str | None, OwnerValue("Who is to do it; the lead's owner unless given")] = None
    priority: Annotated[str, Choice("How much it matters", "normal", "high", "low")] = "normal"


@action(
    "create_task",
    label="Create a task",
    logs="create_task",
    params=CreateTaskParams,
    records=["task"],
    example={"subject": "Call about the order at {{ event.shop }}"},
)
def create_task(lead: LeadState, params: CreateTaskParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The task is kept with the lead, open, one for each step of each run."""
    if params.subject is None:
        return Skipped("missing: there is no subject")
    owner = params.owner or lead.values.get("owner")
    if owner is not None and owner not in context.schema.owners:
        return Failed(f"there is no owner {owner}")
    task = {
        "subject": params.subject,
        "description": params.description,
        "due_at": shift(context.now, params.due_in, context.schema.zone).isoformat(),
        "owner": owner,
        "priority": params.priority,
        "state": "open",
    }
    return [PutRecord("task", _key(context), task)]


def _key(context: Context) -> str:
    """Stays the same however often the step of this run is tried."""
    run = context.run
    return hashlib.blake2b(f"{run.id}/{run.step}".encode(), digest_size=8).hexdigest()
