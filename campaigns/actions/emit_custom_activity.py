"""Add an activity of one of the tenant's types; campaigns may hear it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.fieldkinds import OnceKey
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp
from campaigns.language.parameters import AttributeValues, EventTypeRef


class EmitCustomActivityParams(msgspec.Struct, frozen=True):
    """The type and its attributes."""

    type: Annotated[str, EventTypeRef("The event type")]
    attributes: Annotated[tuple[tuple[str, Any], ...], AttributeValues("Its attributes; {} for none", of="type")]
    dedupe_key: Annotated[
        str | None, OnceKey("With the same key the same type is logged once for this lead", kind="emitted")
    ] = None


@action(
    "emit_custom_activity",
    label="Log a custom activity",
    logs="custom_activity",
    params=EmitCustomActivityParams,
)
def emit_custom_activity(
    lead: LeadState, params: EmitCustomActivityParams, context: Context
) -> list[Effect] | NoOp | Failed:
    """An activity of the type is logged and handled as an event after the present one."""
    key = None if params.dedupe_key is None else f"{params.type}:{params.dedupe_key}"
    if key is not None and ("emitted", key) in lead.records:
        return NoOp(f"logged already for {params.dedupe_key}")
    data = {name: value for name, value in params.attributes if value is not None}
    for name in context.schema.event_types[params.type].required:
        if name not in data:
            return Failed(f"attribute {name} of {params.type} is required and has no value")
    once = [] if key is None else [PutRecord("emitted", key, {"at": context.occurred_at.isoformat()}, quiet=True)]
    return [*once, Emit(params.type, data)]
