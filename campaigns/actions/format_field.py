"""Bring the text of a field into one form."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.fieldkinds import Transforms
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import Choice, FieldRef
from campaigns.language.schema import FieldSpec
from campaigns.language.transforms import Transform
from campaigns.language.values import show

RESULTS = ("string", "text", "picklist", "date")


class FormatFieldParams(msgspec.Struct, frozen=True):
    """A text field, what is done to its text, and where the result goes."""

    field: Annotated[FieldSpec, FieldRef("The text to format", "string", "text")]
    transforms: Annotated[
        tuple[Transform, ...],
        Transforms('What is done, in this order, such as ["trim", "title"], {"e164": "49"} or {"date": "DD.MM.YYYY"}'),
    ]
    into: Annotated[FieldSpec | None, FieldRef("The field for the result; the same unless given", *RESULTS)] = None
    unparsable: Annotated[str, Choice("What to do with a text that cannot be read", "skip", "fail")] = "skip"


@action("format_field", label="Format a field", logs="change_data_value", params=FormatFieldParams)
def format_field(
    lead: LeadState, params: FormatFieldParams, context: Context
) -> list[Effect] | NoOp | Skipped | Failed:
    """The field has the formatted text; one that cannot be read stays as it is."""
    text = lead.values.get(params.field.key)
    if text is None:
        return NoOp("the field has no value")
    target = params.into or params.field
    try:
        return [SetField(target.key, target.cast(_apply(params.transforms, text)))]
    except ValueError as error:
        reason = f"{params.field.key} is {show(text)}: {error}"
        return Failed(reason) if params.unparsable == "fail" else Skipped(f"policy: {reason}")


def _apply(transforms: tuple[Transform, ...], text: str) -> str:
    for transform in transforms:
        text = transform(text)
    return text
