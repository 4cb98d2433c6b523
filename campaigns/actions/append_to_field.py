"""Write more text behind the text of a field."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.fieldkinds import BoundedText, Separator
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import Choice, FieldRef, Literal
from campaigns.language.pieces import missing_pieces
from campaigns.language.schema import FieldSpec
from campaigns.language.values import STRING_LIMIT, TEXT_LIMIT

LIMITS = {"string": STRING_LIMIT, "text": TEXT_LIMIT}


class AppendToFieldParams(msgspec.Struct, frozen=True):
    """A text field and what comes behind its text."""

    field: Annotated[FieldSpec, FieldRef("The text to append to", "string", "text")]
    text: Annotated[str | None, BoundedText("What is appended")]
    separator: Annotated[str, Separator("Stands between the old text and the new")] = ";"
    unique: Annotated[bool | None, Literal("Only the pieces that are not there yet", "boolean")] = False
    overflow: Annotated[str, Choice("What to do with a text that gets too long", "fail", "truncate")] = "fail"


@action(
    "append_to_field",
    label="Append to a field",
    logs="change_data_value",
    params=AppendToFieldParams,
    example={"field": "notes", "text": "Bought at {{ event.shop }}"},
)
def append_to_field(
    lead: LeadState, params: AppendToFieldParams, context: Context
) -> list[Effect] | NoOp | Skipped | Failed:
    """The text stands behind what was in the field, or alone where there was nothing."""
    if params.text is None:
        return Skipped("missing: there is no text to append")
    old = lead.values.get(params.field.key)
    more = params.text
    if params.unique:
        more = params.separator.join(missing_pieces(more, old or "", params.separator))
        if not more:
            return NoOp("the field has the text")
    return _write(params, more if old is None else f"{old}{params.separator}{more}")


def _write(params: AppendToFieldParams, text: str) -> list[Effect] | Failed:
    field = params.field
    if params.overflow == "truncate":
        text = text[: LIMITS[field.type]]
    try:
        return [SetField(field.key, field.cast(text))]
    except ValueError as error:
        return Failed(f"{field.key} {error}; append less, or set overflow to truncate")
