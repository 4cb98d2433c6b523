"""Forget an object that belonged to the lead."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.parameters import Value
from campaigns.language.references import DefinedRef


class DeleteRelatedRecordParams(msgspec.Struct, frozen=True):
    """The type of object and its key."""

    type: Annotated[Defined, DefinedRef("The type of object", "object")]
    key: Annotated[str | None, Value("Which one", "string", nullable=False)]


@action(
    "delete_related_record",
    label="Forget a related object",
    logs="custom_object_deleted",
    params=DeleteRelatedRecordParams,
    records=["object"],
)
def delete_related_record(lead: LeadState, params: DeleteRelatedRecordParams, context: Context) -> list[Effect] | NoOp:
    """The object is gone; one that is not there was gone already."""
    place = f"{params.type.key}:{params.key}"
    if ("object", place) not in lead.records:
        return NoOp()
    raises = Emit("object.changed", {"object": params.type.key, "key": params.key, "change": "deleted"})
    return [PutRecord("object", place, None, raises=raises)]
