"""Add an activity of one of the tenant's types; campaigns may hear it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.parameters import AttributeValues, EventTypeRef


class EmitCustomActivityParams(msgspec.Struct, frozen=True):
    """The type and its attributes."""

    type: Annotated[str, EventTypeRef("The event type")]
    attributes: Annotated[tuple[tuple[str, Any], ...], AttributeValues("Its attributes; {} for none", of="type")]


@action(
    "emit_custom_activity",
    label="Log a custom activity",
    logs="custom_activity",
    params=EmitCustomActivityParams,
)
def emit_custom_activity(lead: LeadState, params: EmitCustomActivityParams, context: Context) -> list[Effect] | Failed:
    """An activity of the type is logged and handled as an event after the present one."""
    data = {name: value for name, value in params.attributes if value is not None}
    for name in context.schema.event_types[params.type].required:
        if name not in data:
            return Failed(f"attribute {name} of {params.type} is required and has no value")
    return [Emit(params.type, data)]
