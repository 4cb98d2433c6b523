"""Make the lead something else than it was: a contact, a customer."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, PutRecord, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import Key, OwnerValue, Value

FIELD = "lifecycle"


class ConvertLeadParams(msgspec.Struct, frozen=True):
    """What it becomes, and what goes with that."""

    to: Annotated[str, Key("What the lead becomes, such as `customer`: the value of the field lifecycle")]
    owner: Annotated[str | None, OwnerValue("Who gets the lead")] = None
    opportunity: Annotated[str | None, Value("The id of an opportunity it takes part in from now on", "string")] = None


@action(
    "convert_lead",
    label="Convert the lead",
    logs="convert_lead",
    params=ConvertLeadParams,
    records=["opportunity"],
    writes=[f"field:{FIELD}", "field:owner", "record:opportunity"],
    example={"to": "customer"},
)
def convert_lead(
    lead: LeadState, params: ConvertLeadParams, context: Context
) -> list[Effect] | NoOp | Skipped | Failed:
    """The field lifecycle says so, and campaigns may hear of it; who is converted already is left as they are."""
    before = lead.get(FIELD)
    if before == params.to:
        return NoOp()
    if context.schema.fields[FIELD].action != "convert_lead":
        return Failed("a field of your own is named lifecycle; give it another name")
    effects: list[Effect] = [SetField(FIELD, params.to)]
    if params.owner is not None:
        if params.owner not in context.schema.owners:
            return Failed(f"there is no owner {params.owner}")
        if params.owner in context.schema.inactive_owners:
            return Skipped(f"policy: owner {params.owner} is inactive")
        effects.append(SetField("owner", params.owner))
    if params.opportunity is not None and ("opportunity", params.opportunity) not in lead.records:
        said = {"opportunity": params.opportunity, "change": "add", "stage": None}
        effects.append(PutRecord("opportunity", params.opportunity, {}, raises=Emit("opportunity.changed", said)))
    return [*effects, Emit("lead.converted", {"lifecycle": params.to, "before": before})]
