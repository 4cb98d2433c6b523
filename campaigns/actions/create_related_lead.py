"""Make or change another lead that belongs to this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, PutRecord, SendEvent, SetField
from campaigns.language.lead import LeadState
from campaigns.language.names import name_fault
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import CampaignRef, FieldValues, Key, Value
from campaigns.language.request import request
from campaigns.language.schema import CAMPAIGN_REQUESTED

UPSERT = "lead.upsert_requested"


class CreateRelatedLeadParams(msgspec.Struct, frozen=True):
    """The other lead, what it gets, and how the two belong together."""

    key: Annotated[str | None, Value("The other lead's key", "string", nullable=False)]
    fields: Annotated[tuple[tuple[str, Any], ...], FieldValues("Fields of the other lead and their new values")] = ()
    relation: Annotated[str | None, Key("What the other lead is to this one, such as `partner`")] = None
    campaign: Annotated[str | None, CampaignRef("A campaign to be requested for the other lead")] = None


@action(
    "create_related_lead",
    label="Create or change a related lead",
    logs="related_lead",
    params=CreateRelatedLeadParams,
    kind="outside",
    records=["related"],
    writes=["record:related"],
)
def create_related_lead(
    lead: LeadState, params: CreateRelatedLeadParams, context: Context
) -> list[Effect] | Skipped | Failed:
    """The lead of that key comes to be, or changes, in its own order: soon after, not before the next step."""
    if params.key is None:
        return Skipped("missing: there is no key")
    fault = name_fault(params.key)
    if fault:
        return Failed(f"the key of the other lead {fault}")
    if params.key == lead.key:
        return Failed("the key is this lead's own; change_fields changes its fields")
    fields = context.schema.fields
    values = {name: None if value is None else fields[name].dump(value) for name, value in params.fields}
    data = {"fields": values, "relation": params.relation, "campaign": params.campaign}
    effects: list[Effect] = [SendEvent(params.key, UPSERT, data, said={"relation": params.relation})]
    if params.relation:
        effects.append(_related(params.relation, params.key))
    return effects


def _related(relation: str, key: str) -> PutRecord:
    return PutRecord("related", f"{relation}:{key}", {"relation": relation, "lead": key}, quiet=True)


@request(UPSERT, logs="change_data_value", records=["related"])
def upsert(lead: LeadState, data: Mapping[str, Any], context: Context) -> Sequence[Effect] | NoOp | Failed:
    """All fields take their values, or none; then the campaign that was asked for is requested."""
    effects: list[Effect] = []
    for name, raw in data["fields"].items():
        spec = context.schema.fields.get(name)
        if spec is None:
            return Failed(f"there is no field {name} any more")
        try:
            effects.append(SetField(name, None if raw is None else spec.cast(raw)))
        except ValueError as error:
            return Failed(f"{name}: {error}")
    if data["relation"]:
        effects.append(_related(f"{data['relation']}-of", data["by"]["lead"]))
    if data["campaign"] in context.requestable:
        effects.append(Emit(CAMPAIGN_REQUESTED, {"campaign": data["campaign"]}))
    return effects or NoOp()
