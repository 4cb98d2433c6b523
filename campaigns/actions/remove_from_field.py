"""Take pieces out of the text of a field."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.fieldkinds import BoundedText, Separator
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.parameters import FieldRef
from campaigns.language.pieces import without_pieces
from campaigns.language.schema import FieldSpec


class RemoveFromFieldParams(msgspec.Struct, frozen=True):
    """A text field and the pieces that go."""

    field: Annotated[FieldSpec, FieldRef("The text to remove from", "string", "text")]
    text: Annotated[str | None, BoundedText("What is removed, whatever its case: one piece, or several")]
    separator: Annotated[str, Separator("Stands between the pieces")] = ";"


@action(
    "remove_from_field",
    label="Remove from a field",
    logs="change_data_value",
    params=RemoveFromFieldParams,
    example={"field": "notes", "text": "{{ event.shop }}"},
)
def remove_from_field(
    lead: LeadState, params: RemoveFromFieldParams, context: Context
) -> list[Effect] | NoOp | Skipped:
    """The field has the pieces no longer; parts of a piece are never removed."""
    if params.text is None:
        return Skipped("missing: there is no text to remove")
    field = params.field
    rest = without_pieces(lead.values.get(field.key) or "", params.text, params.separator)
    if rest is None:
        return NoOp("the field does not have the text")
    return [SetField(field.key, field.cast(rest))]
